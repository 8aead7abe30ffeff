"""Asks a real Spark for what it reads from directories of files, as a batch. One line of JSON a case: schema and rows of a
query over the view t, or the error.
usage: spark_sources.py [NAME ...]     (needs pyspark 4.3 and Java 17; prints the new spark_sources.jsonl)
A case is a view's format, columns and options, files by their names below $DIR, and settings. Files ending with .gz are
packed, those of Hadoop's other codecs by Spark itself, and their bytes are in the line as base64; rows are in the order of
their texts, as texts."""
import base64, glob, gzip, json, os, re, shutil, sys, tempfile
from pyspark.sql import SparkSession

CODECS = ["deflate", "lz4", "snappy"]
NULL = "__HIVE_DEFAULT_PARTITION__"
DAYS = {"date=2026-11-24/hour=07/part.json": '{"k":1}\n', "date=2026-11-24/hour=8/part.json": '{"k":2}\n',
        "date=2026-11-25/hour=07/part.json": '{"k":3}\n{"k":4}\n'}


def each(*values):
    """A file for every value of the partition column p."""
    return {f"p={value}/f": f"{index}\n" for index, value in enumerate(values)}


def columns(*values):
    """One file, with a partition column for every value."""
    return {"/".join(f"c{index}={value}" for index, value in enumerate(values)) + "/f": "x\n"}


# name, format, columns, options, files[, query[, settings]]
CASES = [
    # Types of values
    ("days", "json", "k INT", {}, DAYS),
    ("days_text", "text", None, {}, DAYS),
    ("days_text_with_schema", "text", "line STRING", {}, DAYS),
    ("days_csv", "csv", "s STRING", {}, DAYS),
    ("whole_numbers", "text", None, {}, columns("1", "-5", "+5", "007", "2147483648", "9223372036854775808",
                                               "12345678901234567890123456789012345678", "1e5", "1e-1", "1E40", "-0")),
    ("too_long_number", "text", None, {}, columns("1234567890123456789012345678901234567890", "1_000", "0x10", "1L")),
    ("broken_numbers", "text", None, {}, columns("1.5", "NaN", "Infinity", "-Infinity", "1.0d", "1f", ".5", "5.", "nan",
                                                 "inf", "0x1p3", "1.5E3")),
    ("dates", "text", None, {}, columns("2026-11-24", "2026-1-2", "2026-02-30", "2026-11-24x", "2026-11", "20261124",
                                        "12026-11-24", "0001-01-01", "+2026-11-24")),
    ("times", "text", None, {}, columns("2026-11-24 07%3A08%3A09", "2026-11-24 07:08:09", "2026-11-24 07%3A08%3A09.5",
                                        "2026-11-24 07%3A08%3A09.500", "2026-11-24 07%3A08", "2026-11-24T07%3A08%3A09",
                                        "2026-11-24 7%3A08%3A09", "2026-02-30 00%3A00%3A00",
                                        "2026-11-24 07%3A08%3A09.123456", "2026-11-24T07%3A08%3A09Z")),
    ("times_in_a_zone", "text", None, {}, columns("2026-11-24 07%3A08%3A09", "2026-11-24"),
     "SELECT * FROM t", {"spark.sql.session.timeZone": "Europe/Berlin"}),
    ("words", "text", None, {}, columns("abc", "true", "null", "a b", " 1", "1 ", "a=b", "ä", "x%20y", "%41", "%4", "%zz", "%")),
    ("nothing", "text", None, {}, columns(NULL)),
    ("nothing_and_word", "text", None, {}, each(NULL, "x")),
    ("nothing_and_number", "text", None, {}, each(NULL, "1")),
    ("nothing_and_date", "text", None, {}, each("2026-11-24", NULL)),
    ("nothing_and_double", "text", None, {}, each("1.5", NULL)),
    ("int_and_long", "text", None, {}, each("1", "3000000000")),
    ("int_and_decimal", "text", None, {}, each("1", "12345678901234567890")),
    ("long_and_decimal", "text", None, {}, each("3000000000", "1e5")),
    ("int_and_small_decimal", "text", None, {}, each("1", "1e1")),
    ("decimals", "text", None, {}, each("12345678901234567890", "1e5")),
    ("int_and_double", "text", None, {}, each("1", "1.5")),
    ("long_and_double", "text", None, {}, each("3000000000", "1.5")),
    ("decimal_and_double", "text", None, {}, each("12345678901234567890", "1.5")),
    ("int_long_double", "text", None, {}, each("1", "3000000000", "1.5")),
    ("double_int_long", "text", None, {}, each("1.5", "1", "3000000000")),
    ("int_and_word", "text", None, {}, each("07", "x")),
    ("int_and_date", "text", None, {}, each("1", "2026-11-24")),
    ("date_and_time", "text", None, {}, each("2026-11-24", "2026-11-24 07%3A08%3A09")),
    ("double_and_date", "text", None, {}, each("1.5", "2026-11-24")),
    ("escaped_and_word", "text", None, {}, each("a%2Fb", "c%3Dd", "e%25f")),
    ("no_inference", "text", None, {}, columns("1", "2026-11-24", NULL, "a%2Fb", "1.5"), "SELECT * FROM t",
     {"spark.sql.sources.partitionColumnTypeInference.enabled": "false"}),
    # Names
    ("escaped_name", "text", None, {}, {"a%20b=1/f": "x\n", "a%20b=2/f": "y\n"}),
    ("case_of_names", "text", None, {}, {"Day=1/f": "x\n", "day=2/f": "y\n"}, "SELECT value, day AS d FROM t"),
    ("case_of_schema", "json", "DAY STRING, k INT", {}, {"day=01/f": '{"k":1}\n'}),
    ("no_name", "text", None, {}, {"=1/f": "x\n"}),
    ("no_value", "text", None, {}, {"a=/f": "x\n"}),
    ("underscore_name", "text", None, {}, {"_a=1/f": "x\n"}),
    ("same_name_twice", "text", None, {}, {"a=1/a=2/f": "x\n"}),
    # Where the columns stand
    ("named_in_schema", "json", "date DATE, k INT, hour STRING", {}, DAYS),
    ("named_with_other_type", "json", "k INT, hour BIGINT, date STRING", {}, DAYS),
    ("some_named", "json", "hour INT, k INT", {}, DAYS),
    ("named_and_in_file", "json", "p INT, k INT", {}, {"p=1/f": '{"p":9,"k":1}\n', f"p={NULL}/f": '{"p":9,"k":2}\n'}),
    ("named_only", "json", "p INT", {}, {"p=1/f": '{"p":9,"k":1}\n{"k":2}\n\n'}),
    ("named_and_in_csv", "csv", "p INT, k INT", {}, {"p=1/f": "9,1\n8,2\n"}),
    ("named_last_in_csv", "csv", "k INT, p INT, s STRING", {"header": "true"}, {"p=1/f": "k,s\n9,a\n8,b\n"}),
    ("named_in_text", "text", "p INT, line STRING", {}, each("5", "6")),
    ("all_types", "text", "value STRING, a TINYINT, b SMALLINT, c FLOAT, d DECIMAL(5,2), e BOOLEAN, g TIMESTAMP, h STRING", {},
     {"a=1/b=2/c=1.5/d=3.14/e=true/g=2026-11-24 07%3A08%3A09/h=x%20y/f": "x\n"}),
    ("binary_partition", "text", "value STRING, b BINARY", {}, {"b=a%20b/f": "x\n"}),
    ("date_as_time", "text", "value STRING, p TIMESTAMP", {}, each("2026-11-24", "2026-11-24 01%3A00%3A00")),
    ("named_does_not_fit", "text", "value STRING, p INT", {}, each("1", "x")),
    ("named_too_large", "text", "value STRING, p TINYINT", {}, each("300")),
    ("named_date_does_not_fit", "text", "value STRING, p DATE", {}, each("2026-11-24", "x")),
    ("named_boolean_does_not_fit", "text", "value STRING, p BOOLEAN", {}, each("TRUE", "yes")),
    ("named_decimal_too_long", "text", "value STRING, p DECIMAL(3,1)", {}, each("1.25", "123.4")),
    ("named_double_does_not_fit", "text", "value STRING, p DOUBLE", {}, each("1", "x")),
    ("struct_partition", "json", "p STRUCT<a: INT>, k INT", {}, {"p=1/f": '{"k":1}\n'}),
    ("corrupt_with_partition", "json", "k INT, _corrupt_record STRING", {}, {"p=1/f": '{"k":1}\n{"k":\n'}),
    # Structure
    ("deeper", "text", None, {}, {"a/b/p=1/f": "x\n", "a/b/p=2/f": "y\n"}),
    ("below_partition", "text", None, {}, {"p=1/sub/f": "x\n", "p=2/f": "y\n"}),
    ("beside_partitions", "text", None, {}, {"p=1/f": "x\n", "f": "y\n"}),
    ("hidden_beside", "text", None, {}, {"p=1/f": "x\n", "_SUCCESS": "", ".x": "no\n", "_tmp/f": "no\n", "_temporary/0/f": "no\n"}),
    ("other_directory", "text", None, {}, {"p=1/f": "x\n", "other/f": "y\n"}),
    ("other_names", "text", None, {}, {"p=1/f": "x\n", "q=1/f": "y\n"}),
    ("other_depth", "text", None, {}, {"p=1/f": "x\n", "p=1/q=1/f": "y\n"}),
    ("other_order", "text", None, {}, {"p=1/q=1/f": "x\n", "q=1/p=1/f": "y\n"}),
    ("gap", "text", None, {}, {"p=1/x/q=1/f": "x\n"}),
    ("empty_file", "text", None, {}, {"p=1/f": "", "p=2/f": "y\n"}),
    ("one_partition", "text", None, {"path": "$DIR/p=1"}, {"p=1/q=2/f": "x\n", "p=2/q=2/f": "y\n"}),
    ("one_file", "text", None, {"path": "$DIR/p=1/f"}, {"p=1/f": "x\n", "p=2/f": "y\n"}),
    ("pattern", "text", None, {"path": "$DIR/p=*"}, {"p=1/q=3/f": "x\n", "p=2/q=4/f": "y\n"}),
    ("pattern_of_files", "text", None, {"path": "$DIR/p=*/*"}, {"p=1/f": "x\n", "p=2/f": "y\n"}),
    ("pattern_above", "text", None, {"path": "$DIR/*"}, {"a/p=3/f": "x\n", "b/p=4/f": "y\n"}),
    ("base_path", "text", None, {"path": "$DIR/p=1", "basePath": "$DIR"}, {"p=1/q=2/f": "x\n", "p=2/q=2/f": "y\n"}),
    ("base_path_slash", "text", None, {"path": "$DIR/p=1", "basePath": "$DIR/"}, {"p=1/q=2/f": "x\n"}),
    ("base_path_pattern", "text", None, {"path": "$DIR/p=*", "basePath": "$DIR"}, {"p=1/q=3/f": "x\n", "p=2/q=4/f": "y\n"}),
    ("base_path_files", "text", None, {"path": "$DIR/p=*/q=?/f", "basePath": "$DIR/p=1"}, {"p=1/q=3/f": "x\n"}),
    ("base_path_above", "text", None, {"path": "$DIR/a", "basePath": "$DIR"}, {"a/p=3/f": "x\n", "b/p=4/f": "y\n"}),
    ("base_path_elsewhere", "text", None, {"path": "$DIR/a", "basePath": "$DIR/b"}, {"a/p=3/f": "x\n", "b/p=4/f": "y\n"}),
    ("base_path_below", "text", None, {"path": "$DIR", "basePath": "$DIR/a"}, {"a/p=3/f": "x\n"}),
    ("recursive", "text", None, {"recursiveFileLookup": "true"}, {"p=1/f": "x\n", "p=2/q=1/f": "y\n"}),
    ("filtered_names", "text", None, {"pathGlobFilter": "*.txt"}, {"p=1/f.txt": "x\n", "p=2/f": "y\n", "p=x/f": "y\n"}),
    # Queries
    ("filter", "json", "k INT", {}, DAYS, "SELECT k FROM t WHERE date = DATE '2026-11-24' AND hour = 7"),
    ("filter_and_value", "json", "k INT", {}, DAYS, "SELECT k, hour FROM t WHERE date > '2026-11-24' AND k > 3"),
    ("filter_or", "json", "k INT", {}, DAYS, "SELECT k FROM t WHERE hour = 8 OR k = 4"),
    ("filter_null", "text", None, {}, each(NULL, "1", "2"), "SELECT * FROM t WHERE p IS NULL OR p = 2"),
    ("only_partitions", "json", "k INT", {}, DAYS, "SELECT DISTINCT date, hour FROM t"),
    ("count", "json", "k INT", {}, DAYS, "SELECT count(*) FROM t"),
    ("groups", "json", "k INT", {}, DAYS, "SELECT date, sum(k), max(hour) FROM t GROUP BY date"),
    ("join", "json", "k INT", {}, DAYS, "SELECT a.k, b.k FROM t a JOIN t b USING (date, hour)"),
    ("union", "json", "k INT", {}, DAYS, "SELECT k FROM t WHERE hour = 8 UNION ALL SELECT k * 10 FROM t WHERE hour = 7"),
    # Lines of JSON that are arrays
    ("arrays", "json", "k INT, s STRING", {}, {"f": '[{"k":1},{"k":2,"s":"x"}]\n{"k":3}\n[]\n [ {"k":4} , {} ] \n[{"s":"]}"}]\n'}),
    ("array_of_others", "json", "k INT, _corrupt_record STRING", {},
     {"f": '[1]\n[{"k":1},2]\n[null]\n[{"k":1},null]\n[[{"k":5}]]\n["x",{"k":1}]\n[true]\n'}),
    ("array_misfits", "json", "k INT, s STRING, _corrupt_record STRING", {},
     {"f": '[{"k":1},{"k":"x","s":"a"},{"k":3}]\n[{"k":"x"}]\n[{"k":{"a":1},"s":"b"},{"k":4}]\n'}),
    ("array_misfits_without_record", "json", "k INT, s STRING", {},
     {"f": '[{"k":1},{"k":"x","s":"a"},{"k":3}]\n[{"k":1},2]\n[null,{"k":1}]\n'}),
    ("array_broken", "json", "k INT, _corrupt_record STRING", {},
     {"f": '[{"k":1},{"k":2}\n[{"k":1},]\n[{"k":1}] x\n[{"k":1},{"k":2]\n[\n[,]\n[{"k":1} {"k":2}]\n[{"k":1}]]\n[{"k":1},{"k":2}][{"k":3}]\n'}),
    ("array_broken_without_record", "json", "k INT", {}, {"f": '[{"k":1},{"k":2}\n{"k":3}\n[{"k":1},{"k"\n'}),
    ("array_dropped", "json", "k INT", {"mode": "DROPMALFORMED"}, {"f": '[{"k":1},{"k":2}\n{"k":3}\n[{"k":4},{"k":"x"}]\n{"k":"x"}\n[1]\n[]\n{\n'}),
    ("array_fails", "json", "k INT", {"mode": "FAILFAST"}, {"f": '[{"k":1},{"k":2}]\n'}),
    ("array_fails_broken", "json", "k INT", {"mode": "FAILFAST"}, {"f": '[{"k":1},{"k":2}\n'}),
    ("array_fails_misfit", "json", "k INT", {"mode": "FAILFAST"}, {"f": '[{"k":1},{"k":"x"}]\n'}),
    ("array_count", "json", "k INT", {}, {"f": '[{"k":1},{"k":2}]\n{"k":3}\n[]\n'}, "SELECT count(*) FROM t"),
    ("array_nested", "json", "a ARRAY<STRUCT<b: INT>>, m MAP<STRING, INT>", {},
     {"f": '[{"a":[{"b":1},{"b":2}]},{"m":{"x":1}}]\n[{"a":[1]},{"m":{"x":2}}]\n'}),
    ("array_comments", "json", "k INT", {"allowComments": "true"}, {"f": '/* [ */ [{"k":1}, /* ] */ {"k":2}] // x\n'}),
    ("array_quotes", "json", "k INT, s STRING", {}, {"f": "[{'k':1,'s':\"it's ]\"},{'s':'\\\"]'}]\n"}),
    ("array_with_partition", "json", "k INT", {}, {"p=1/f": '[{"k":1},{"k":2}]\n', "p=2/f": '{"k":3}\n'}),
    ("array_mark", "json", "k INT", {}, {"f": '\ufeff[{"k":1},{"k":2}]\n'}),
    ("dropped", "json", "k INT, s STRING", {"mode": "DROPMALFORMED"}, {"f": '{"k":1}\n{"k":"x","s":"a"}\n\n{"s":\n{"s":"b"}\n5\nnull\n'}),
    ("dropped_count", "json", "k INT, s STRING", {"mode": "DROPMALFORMED"}, {"f": '{"k":1}\n{"k":"x","s":"a"}\n{"s":\n'}, "SELECT s FROM t"),
    # multiLine
    ("multi_object", "json", "k INT, s STRING", {"multiLine": "true"}, {"f": '{\n "k": 1,\n "s":\n "x"\n}\n'}),
    ("multi_array", "json", "k INT, s STRING", {"multiLine": "true"}, {"f": '\n[\n {"k": 1},\n {"k": 2,\n "s": "a"}\n]\n', "g": '[]', "h": '{"k":3}'}),
    ("multi_several", "json", "k INT", {"multiLine": "true"}, {"f": '{"k":1}\n{"k":2}\n'}),
    ("multi_broken", "json", "k INT, _corrupt_record STRING", {"multiLine": "true"}, {"f": '{"k":1,\n', "g": '{"k":2}', "h": '[{"k":3},\n{"k":4]', "i": "x\n"}),
    ("multi_broken_without_record", "json", "k INT", {"multiLine": "true"}, {"f": '{"k":1,\n', "g": '{"k":2}', "h": '[{"k":3},\n{"k":4]'}),
    ("multi_misfit", "json", "k INT, s STRING, _corrupt_record STRING", {"multiLine": "true"}, {"f": '[{"k":1},\n{"k":"x","s":"y"}]'}),
    ("multi_empty", "json", "k INT", {"multiLine": "true"}, {"f": '', "g": ' \n', "h": '{"k":2}'}),
    ("multi_blank", "json", "k INT, _corrupt_record STRING", {"multiLine": "true"}, {"g": ' \n', "h": '{"k":2}'}),
    ("multi_scalar", "json", "k INT, _corrupt_record STRING", {"multiLine": "true"}, {"f": '5', "g": 'null', "h": '[1]'}),
    ("multi_packed", "json", "k INT", {"multiLine": "true"}, {"f.gz": '[{"k":1},\n{"k":2}]'}),
    ("multi_partition", "json", "k INT", {"multiLine": "true"}, {"p=1/f": '[{"k":1},\n{"k":2}]', "p=2/f": '{"k"\n:3}'}),
    ("multi_mark", "json", "k INT", {"multiLine": "true"}, {"f": '\ufeff{"k":1}'}),
    ("multi_dropped", "json", "k INT", {"multiLine": "true", "mode": "DROPMALFORMED"}, {"f": '{"k":1', "g": '{"k":2}'}),
    ("multi_fails", "json", "k INT", {"multiLine": "true", "mode": "FAILFAST"}, {"f": '{"k":1'}),
    ("csv_multi", "csv", "k INT, s STRING", {"multiLine": "true"}, {"f": '1,"a\nb"\n2,c\n\n3,"d\n\ne"\n'}),
    ("csv_quotes", "csv", "k INT, s STRING, r STRING", {},
     {"f": '1,"d"",x\n2,"d""e",x\n3,"""",x\n4,"""a""",x\n5,"a" ,x\n6,"a" b,x\n7,"a"\\,x\n8,"a\\b",x\n9,"a\\\\",x\n10,"a\\""b",x\n'
           '11,"a","b" \n12,"a" "b",x\n13,"","x\n14,"a""",x\n15,"a"" ,x\n16,"a,"b",x\n17, "a",x\n18,"a"\tb",x\n'}),
    ("csv_quotes_doubled", "csv", "k INT, s STRING, r STRING", {"escape": '"'},
     {"f": '1,"d"",x\n2,"d""e",x\n3,"""",x\n4,"""a""",x\n5,"a" ,x\n6,"a" b,x\n7,"a"b"c",x\n8,"a""b,"x\n'}),
    ("csv_multi_quotes", "csv", "k INT, s STRING, r STRING", {"multiLine": "true"},
     {"f": '1,"d"",x\n2,"d""e",x\n3,"""",x\n4,"""a""",x\n5,"a" ,x\n6,"a" b,x\n7,"a"\\,x\n8,"a\\b",x\n9,"a\\\\",x\n10,"a\\""b",x\n'
           '11,"a","b" \n12,"a" "b",x\n14,"a""",x\n15,"a"" ,x\n16,"a,"b",x\n17, "a",x\n18,"a"\tb",x\n19,"a" \n20,"a\n" \n21,"\n""\n"\n22,x,"\n'}),
    ("csv_not_multi", "csv", "k INT, s STRING", {}, {"f": '1,"a\nb"\n2,c\n'}),
    ("csv_multi_header", "csv", "k INT, s STRING", {"multiLine": "true", "header": "true"}, {"f": '\nk,"s\nt"\n1,"a\nb"\n', "g": "k,s\n2,x\n"}),
    ("csv_multi_returns", "csv", "k INT, s STRING", {"multiLine": "true"}, {"f": '1,"a\r\nb"\r\n2,"c\rd"\r\n3,"e\nf"\r\n'}),
    ("csv_multi_returns_only", "csv", "k INT, s STRING", {"multiLine": "true"}, {"f": '1,"a"\r2,b\r'}),
    ("csv_multi_mixed", "csv", "k INT, s STRING", {"multiLine": "true"}, {"f": '1,a\n2,b\r\n3,c\r4,d\n'}),
    ("csv_multi_escape", "csv", "k INT, s STRING", {"multiLine": "true"}, {"f": '1,"a\\"\nb"\n2,"c\\\\"\n3,"d""\ne"\n'}),
    ("csv_multi_escape_quote", "csv", "k INT, s STRING", {"multiLine": "true", "escape": '"'}, {"f": '1,"a""\nb"\n2,"c"""\n3,""\n'}),
    ("csv_multi_quote_inside", "csv", "k INT, s STRING", {"multiLine": "true"}, {"f": '1,a"b\n2,"c"d\n3,e"\n"f\n4,"g"h"\n5,i\n'}),
    ("csv_multi_open", "csv", "k INT, s STRING", {"multiLine": "true"}, {"f": '1,a\n2,"b\n3,c\n'}),
    ("csv_multi_open_corrupt", "csv", "k INT, s STRING, _corrupt_record STRING", {"multiLine": "true"}, {"f": '1,a\n2,"b\n3,c\n', "g": 'x,"\n'}),
    ("csv_words_of_numbers", "csv", "f FLOAT, d DOUBLE", {}, {"f": 'inf,inf\nInf,-Inf\nInfinity,-Infinity\nnan,NaN\n1d,1f\n0x1p3, 1\n'}),
    ("csv_multi_comment", "csv", "k INT, s STRING", {"multiLine": "true", "comment": "#"}, {"f": '#x\n1,"a\n#b"\n#"y\n2,c\n'}),
    ("csv_multi_blank", "csv", "k INT, s STRING", {"multiLine": "true"}, {"f": '1,a\n   \n\n2,b\n\t\n'}),
    ("csv_multi_spaces", "csv", "k STRING, s STRING", {"multiLine": "true", "ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}, {"f": ' 1 , "a\nb" \n2 , c \n'}),
    ("csv_multi_corrupt", "csv", "k INT, s STRING, _corrupt_record STRING", {"multiLine": "true"}, {"f": '1,"a\nb"\nx,"c\nd"\n2,e,f\n3\n'}),
    ("csv_multi_dropped", "csv", "k INT, s STRING", {"multiLine": "true", "mode": "DROPMALFORMED"}, {"f": '1,"a\nb"\nx,"c\nd"\n2,e,f\n3\n'}),
    ("csv_multi_fails", "csv", "k INT, s STRING", {"multiLine": "true", "mode": "FAILFAST"}, {"f": '1,"a\nb"\nx,"c\nd"\n'}),
    ("csv_multi_mark", "csv", "k INT, s STRING", {"multiLine": "true"}, {"f": '\ufeff1,"a\nb"\n'}),
    ("csv_multi_separator", "csv", "k INT, s STRING", {"multiLine": "true", "sep": "||"}, {"f": '1||"a\n||b"\n2||c\n'}),
    ("csv_multi_no_quote", "csv", "k INT, s STRING", {"multiLine": "true", "quote": ""}, {"f": '1,"a\n2,b"\n'}),
    ("csv_multi_packed", "csv", "k INT, s STRING", {"multiLine": "true"}, {"f.gz": '1,"a\nb"\n2,c'}),
    ("csv_multi_empty", "csv", "k INT, s STRING", {"multiLine": "true", "header": "true"}, {"f": '', "g": 'k,s\n', "h": 'k,s\n1,x'}),
    # Times without a day, and text that is no Unicode
    ("csv_times", "csv", "t TIMESTAMP", {}, {"f": "2026-11-24 10:15\n2026-11-24T10:15:16.5\n2026\n2026-11\n"}),
    ("csv_times_alone", "csv", "s STRING, n BOOLEAN, t TIMESTAMP", {}, {"f": "a,true,10:15\n"}, "SELECT s, n, t IS NULL, CAST(t AS DATE) = current_date(), date_format(t, 'HH:mm:ss.SSSSSS') FROM t"),
    ("csv_times_alone_forms", "csv", "s STRING, t TIMESTAMP", {}, {"f": "a,T10:15:16\nb,10:15:16.123456\nc,1:2\nd,10\ne,10:15Z\nf,T1:2:3\ng,10:15:16+01:00\nh,25:00\ni,10:61\nj,:15\nk,10:15 \nl,10:\n"}, "SELECT s, t IS NULL, date_format(t, 'HH:mm:ss.SSSSSS') FROM t"),
    ("json_times_alone", "json", "t TIMESTAMP, s STRING", {}, {"f": '{"s":"a","t":"10:15"}\n{"s":"b","t":"T10:15:16"}\n{"s":"c","t":"10"}\n'}, "SELECT s, t IS NULL, date_format(t, 'HH:mm:ss.SSSSSS') FROM t"),
    ("csv_times_in_function", "text", None, {}, {"f": "10:15\n"}, "SELECT from_csv(value, 't TIMESTAMP').t IS NULL FROM t"),
    # Packed by Spark
    ("packed", "text", None, {}, {f"f.{codec}": "".join(f"line {n}\n" for n in range(20)) for codec in CODECS}),
    ("packed_csv", "csv", "k INT, s STRING", {"header": "true"}, {f"f.csv.{codec}": "k,s\n1,x\n" for codec in CODECS}),
    ("packed_empty", "text", None, {}, {f"f.{codec}": "" for codec in CODECS}),
    ("packed_blocks", "text", None, {}, {f"f.{codec}": "".join("x" * (n % 999) + "\n" for n in range(700)) for codec in CODECS},
     "SELECT count(*), sum(length(value)), max(value) = repeat('x', 699) FROM t"),
    ("surrogates", "json", "s STRING, o STRING", {},
     {"f": '{"s":"\\ud800"}\n{"s":"a\\ud83d\\ude00b"}\n{"s":"\\ude00x"}\n{"o":{"a":"\\ud800"}}\n{"o":["\\ude00\\ud83d","😀"]}\n'},
     "SELECT s, o, hex(s), hex(o) FROM t"),
    ("surrogates_in_function", "text", None, {},
     {"f": '{"s":"\\ud800"}\n{"s":"\\ude00x"}\n{"s":"\\ud83d\\ude00"}\n{"o":{"a":"\\ud800"}}\n{"o":{"\\ud800":"\\ud83d\\ude00"}}\n'
           '{"o":["\\ude00\\ud83d","é\\ud800é😀","\\u00e9\\u0001\\/", "\\ud800\\ud800\\udc00","\\uDFFFA\\u0041"]}\n{"o":{"😀":"é"}}\n'},
     "SELECT hex(f.s), hex(f.o), f.o FROM (SELECT from_json(value, 's STRING, o STRING') AS f FROM t)"),
    ("pairs_in_path", "text", None, {}, {"f": '{"s":"\\ud83d\\ude00"}\n{"s":{"a":"😀é"}}\n{"s":["\\ud83d\\ude00",{"😀":1}]}\n'},
     "SELECT get_json_object(value, '$.s'), get_json_object(value, '$.s[*]'), get_json_object(value, '$.s.a') FROM t"),
]

spark = (
    SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC").config("spark.driver.memory", "1g").getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")


def put(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    codec = path.rsplit(".", 1)[-1]
    if codec in CODECS:
        lines = spark.createDataFrame([(line,) for line in text.split("\n")[:-1]], "value STRING")
        with tempfile.TemporaryDirectory() as folder:
            lines.coalesce(1).write.mode("overwrite").option("compression", codec).text(folder)
            shutil.copy(glob.glob(f"{folder}/part-*")[0], path)
        return
    data = text.encode("utf-8", "surrogatepass")
    with open(path, "wb") as file:
        file.write(gzip.compress(data) if path.endswith(".gz") else data)


def ask(source, columns, options, query):
    listed = ", ".join(f"`{key}` '{value}'" for key, value in options.items())
    try:
        head = f"CREATE OR REPLACE TEMPORARY VIEW t{f' ({columns})' if columns else ''} USING {source}"
        spark.sql(f"{head} OPTIONS ({listed})")
        frame = spark.sql(query)
        schema = [[field.name, field.dataType.simpleString()] for field in frame.schema]
        numbered = frame.toDF(*[f"c{index}" for index in range(len(schema))])
        rows = numbered.selectExpr(*[f"CAST(c{index} AS STRING)" for index in range(len(schema))]).collect()
        return {"schema": schema, "rows": sorted([list(row) for row in rows], key=json.dumps)}
    except Exception as error:
        found = re.search(r"\[([A-Z][A-Z_0-9.]+)\]", str(error))
        return {"error": found[1] if found else str(error).split("\n")[0][:200]}


def main():
    wanted = sys.argv[1:]
    for name, source, columns, options, files, *more in CASES:
        if wanted and name not in wanted:
            continue
        query = more[0] if more else "SELECT * FROM t"
        settings = more[1] if len(more) > 1 else {}
        folder = tempfile.mkdtemp()
        for path, text in files.items():
            put(f"{folder}/in/{path}", text)
        for key, value in settings.items():
            spark.conf.set(key, value)
        given = {key: value.replace("$DIR", f"{folder}/in") for key, value in ({"path": "$DIR"} | options).items()}
        # What is packed counts as it is.
        shown = {path: "" if path.rsplit(".", 1)[-1] in CODECS else text for path, text in files.items()}
        answer = ask(source, columns, given, query)
        line = {"name": name, "format": source, "columns": columns, "options": options, "files": shown, "query": query}
        packed = {path: f"{folder}/in/{path}" for path in files if path.rsplit(".", 1)[-1] in CODECS}
        if packed:
            line["packed"] = {path: base64.b64encode(open(file, "rb").read()).decode() for path, file in packed.items()}
        line |= {"settings": settings} | answer
        print(json.dumps(line, ensure_ascii=False).replace(folder, "$TMP"), flush=True)
        for key in settings:
            spark.conf.unset(key)
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        shutil.rmtree(folder, ignore_errors=True)


main()
