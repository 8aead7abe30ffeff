"""SQL as a tree of pieces, and making it smaller while a condition holds."""
import re


class Node:
    """Pieces of SQL: texts and nodes. `type` is the SQL type of an expression, None for other pieces."""

    def __init__(self, parts, type=None, simpler=()):
        self.parts, self.type, self.simpler = list(parts), type, list(simpler)

    def sql(self):
        return "".join(part if isinstance(part, str) else part.sql() for part in self.parts)

    def children(self):
        return [(index, part) for index, part in enumerate(self.parts) if isinstance(part, Node)]

    def edits(self):
        """Pairs of functions: make it smaller, take that back."""
        for index, child in self.children():
            choices = list(child.simpler)
            if child.type is not None:
                choices = [grandchild for grandchild in descendants(child) if grandchild.type == child.type] + choices
            for choice in choices:
                if choice is not child and len(choice.sql()) < len(child.sql()):
                    yield lambda index=index, choice=choice: self.put(index, choice), \
                        lambda index=index, child=child: self.put(index, child)

    def put(self, index, part):
        self.parts[index] = part

    def size(self):
        return len(self.sql())


class Items(Node):
    """A list of nodes between a prefix and a suffix; not there at all when it is empty."""

    def __init__(self, items, separator=", ", prefix="", suffix="", least=0):
        super().__init__(items)
        self.separator, self.prefix, self.suffix, self.least = separator, prefix, suffix, least

    def sql(self):
        if not self.parts:
            return ""
        return self.prefix + self.separator.join(part.sql() for part in self.parts) + self.suffix

    def edits(self):
        size = len(self.parts) // 2
        while size > 0:
            for start in range(0, len(self.parts), size):
                kept = self.parts[:start] + self.parts[start + size:]
                if len(kept) >= self.least:
                    yield lambda kept=kept: self.replace(kept), lambda parts=self.parts: self.replace(parts)
            size //= 2
        if self.parts and self.least == 0:
            yield lambda: self.replace([]), lambda parts=self.parts: self.replace(parts)
        yield from super().edits()

    def replace(self, parts):
        self.parts = list(parts)

    def put(self, index, part):
        # The list may be another one than at the time of the edit.
        self.parts = self.parts[:index] + [part] + self.parts[index + 1:]


class Text(Node):
    """A string literal whose text gets shorter."""

    def __init__(self, text):
        super().__init__([], "STRING")
        self.text = text

    def sql(self):
        return quoted(self.text)

    def edits(self):
        size = len(self.text) // 2
        while size > 0:
            for start in range(0, len(self.text), size):
                kept = self.text[:start] + self.text[start + size:]
                yield lambda kept=kept: setattr(self, "text", kept), \
                    lambda text=self.text: setattr(self, "text", text)
            size //= 2


class Table(Node):
    """FROM VALUES with typed columns; loses rows, columns and the oddity of its values."""

    def __init__(self, name, columns, rows):
        super().__init__([])
        # columns: (name, type); rows: lists of nodes
        self.name, self.columns, self.rows = name, columns, rows

    def sql(self):
        rows = ", ".join("(" + ", ".join(value.sql() for value in row) + ")" for row in self.rows)
        return f"VALUES {rows} AS {self.name}({', '.join(name for name, _ in self.columns)})"

    def edits(self):
        size = max(1, len(self.rows) // 2)
        while size > 0:
            for start in range(0, len(self.rows), size):
                kept = self.rows[:start] + self.rows[start + size:]
                if kept:
                    yield lambda kept=kept: self.change(self.columns, kept), self.restoring()
            size //= 2
        if len(self.columns) > 1:
            for index in range(len(self.columns)):
                columns = self.columns[:index] + self.columns[index + 1:]
                rows = [row[:index] + row[index + 1:] for row in self.rows]
                yield lambda columns=columns, rows=rows: self.change(columns, rows), self.restoring()
        for number, row in enumerate(self.rows):
            for index, value in enumerate(row):
                for choice in value.simpler:
                    if len(choice.sql()) >= len(value.sql()):
                        continue
                    rows = list(self.rows)
                    rows[number] = row[:index] + [choice] + row[index + 1:]
                    yield lambda rows=rows: self.change(self.columns, rows), self.restoring()
                if isinstance(value, Text):
                    yield from value.edits()

    def change(self, columns, rows):
        self.columns, self.rows = columns, rows

    def restoring(self):
        return lambda columns=self.columns, rows=self.rows: self.change(columns, rows)

    def inlined(self, sql):
        """The expression with the first row's values in place of its columns."""
        for (name, _), value in zip(self.columns, self.rows[0]):
            sql = re.sub(r"\b%s\b" % name, lambda _: value.sql(), sql)
        return sql


def descendants(node):
    for _, child in node.children():
        yield child
        yield from descendants(child)


def walk(node):
    yield node
    yield from descendants(node)


def shrink(root, still, budget=250):
    """Edits the tree until no edit keeps `still()` true, or so many were tried."""
    changed = True
    while changed and budget > 0:
        changed = False
        for node in list(walk(root)):
            progress = True
            while progress and budget > 0:
                progress = False
                for apply, undo in node.edits():
                    before = root.size()
                    apply()
                    if root.size() < before and budget > 0:
                        budget -= 1
                        if still():
                            progress = changed = True
                            break
                    undo()


def quoted(text):
    """A string literal that both parsers read alike; nothing in it ends a line of a golden file."""
    made = []
    for character in text:
        code = ord(character)
        if character in "\\'":
            made.append("\\" + character)
        elif character == ";":
            made.append("\\u003b")
        elif code < 32 or code == 127 or code == 0xFEFF or 0x80 <= code < 0xA0 or 0x2028 <= code <= 0x2029:
            made.append("\\u%04x" % code)
        else:
            made.append(character)
    return "'" + "".join(made) + "'"
