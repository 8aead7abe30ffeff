#pragma once
#include <histedit.h>
#include <stdio.h>

// Swift can't call C variadics.

static inline int *mill_edit_is_cancelled(void) {
  static int is_cancelled;
  return &is_cancelled;
}

// Bound to Ctrl-C: ends the line, which is not wanted any more.
static unsigned char mill_edit_cancel(EditLine *editor, int key) {
  (void)editor;
  (void)key;
  *mill_edit_is_cancelled() = 1;
  return CC_NEWLINE;
}

// Was the last line ended by Ctrl-C?
static inline int mill_edit_take_cancelled(void) {
  int was = *mill_edit_is_cancelled();
  *mill_edit_is_cancelled() = 0;
  return was;
}

static inline char *mill_edit_prompt(EditLine *editor) {
  void *prompt = NULL;
  el_get(editor, EL_CLIENTDATA, &prompt);
  return (char *)prompt;
}

// An editor on the terminal, Emacs keys unless ~/.editrc says otherwise, with `lines` behind the arrow keys.
static inline EditLine *mill_edit_open(const char *program, History *lines) {
  EditLine *editor = el_init(program, stdin, stdout, stderr);
  if (!editor) return NULL;
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_PROMPT, mill_edit_prompt);
  el_set(editor, EL_HIST, history, lines);
  el_set(editor, EL_ADDFN, "cancel", "Give the line up", mill_edit_cancel);
  el_set(editor, EL_SETTY, "-d", "-isig", NULL);
  el_set(editor, EL_BIND, "^C", "cancel", NULL);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
  el_source(editor, NULL);
  return editor;
}

static inline void mill_edit_set_prompt(EditLine *editor, const char *prompt) {
  el_set(editor, EL_CLIENTDATA, prompt);
}

// At most `lines` lines are kept.
static inline History *mill_history_open(int lines) {
  History *made = history_init();
  HistEvent event;
  if (made) {
    history(made, &event, H_SETSIZE, lines);
    history(made, &event, H_SETUNIQUE, 1);
  }
  return made;
}

static inline int mill_history_load(History *lines, const char *path) {
  HistEvent event;
  return history(lines, &event, H_LOAD, path);
}

static inline int mill_history_save(History *lines, const char *path) {
  HistEvent event;
  return history(lines, &event, H_SAVE, path);
}

static inline int mill_history_add(History *lines, const char *line) {
  HistEvent event;
  return history(lines, &event, H_ENTER, line);
}
