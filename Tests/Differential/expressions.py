"""Random well-typed expressions over a small table, made from productions: type of the result, then the SQL.

In the SQL, «TYPE» is an expression of that type, «TYPE|%x:OTHER» one that may use the lambda's variable x, {a~b~c} one of
these. Capital letters are types: T U any, A atomic, X atomic but not floating, O with an order, K a map's key, N M numbers, I J whole ones, F
floating ones, D E decimals, P numbers of at most 34 digits. `small` is a whole number near 0, `?` a type that is only known to the engines.

Left out: what is different on purpose (docs/from-spark.md), and functions of which Java and C may give another last digit."""
import re
import documents
from literals import ATOMIC, DECIMALS, FLOATING, INTEGRAL, INTERVALS, literal, null, random_type
from tree import Node, Table, Text

PRODUCTIONS = r"""
T: CASE WHEN «BOOLEAN» THEN «T» ELSE «T» END
T: CASE WHEN «BOOLEAN» THEN «T» WHEN «BOOLEAN» THEN «T» END
T: CASE «A» WHEN «A» THEN «T» ELSE «T» END
T: coalesce(«T», «T», «T»)
T: if(«BOOLEAN», «T», «T»)
T: nvl2(«U», «T», «T»)
T: nvl(«T», «T»)
T: try_element_at(«ARRAY<T>», «small»)
T: element_at(«ARRAY<T>», «small»)
T: get(«ARRAY<T>», «small»)
T: «ARRAY<T>»[«small»]
T: «MAP<K, T>»[«K»]
T: element_at(«MAP<K, T>», «K»)
T: try_element_at(«MAP<K, T>», «K»)
T: (named_struct('p', «T», 'q', «U»)).p
T: aggregate(«ARRAY<U>», «T», (%x, %y) -> «T|%x:T,%y:U»)
O: nullif(«O», «O»)
O: greatest(«O», «O»)
O: least(«O», «O», «O»)
O: array_max(«ARRAY<O>»)
O: array_min(«ARRAY<O>»)
A: CAST(«A» AS A)
N: CAST(«M» AS N)
N: CAST(«STRING» AS N)
N: try_cast(«STRING» AS N)
N: try_cast(«M» AS N)
A: try_cast(«STRING» AS A)
A: CAST(«?» AS A)
STRING: CAST(«T» AS STRING)
TIMESTAMP: CAST(«STRING» AS TIMESTAMP)
TIMESTAMP: CAST(«DATE» AS TIMESTAMP)
TIMESTAMP: CAST(«N» AS TIMESTAMP)
DATE: CAST(«STRING» AS DATE)
DATE: CAST(«TIMESTAMP» AS DATE)
N: CAST(«TIMESTAMP» AS N)
BOOLEAN: CAST(«STRING» AS BOOLEAN)
BOOLEAN: CAST(«N» AS BOOLEAN)
N: CAST(«BOOLEAN» AS N)
BINARY: CAST(«STRING» AS BINARY)
ARRAY<N>: CAST(«ARRAY<M>» AS ARRAY<N>)
ARRAY<STRING>: CAST(«ARRAY<T>» AS ARRAY<STRING>)
MAP<STRING, N>: CAST(«MAP<STRING, M>» AS MAP<STRING, N>)
BOOLEAN: («O» {=~<~>~<=~>=~<>~!=~<=>} «O»)
BOOLEAN: («N» {=~<~>~<=~>=~<>~<=>} «M»)
BOOLEAN: («N» {=~<~>=~<=>} «STRING»)
BOOLEAN: («DATE» {=~<~>=~<=>} «TIMESTAMP»)
BOOLEAN: («DATE» {=~<~>=~<=>} «STRING»)
BOOLEAN: («TIMESTAMP» {=~<~>=} «STRING»)
BOOLEAN: equal_null(«O», «O»)
BOOLEAN: («BOOLEAN» {AND~OR} «BOOLEAN»)
BOOLEAN: (NOT «BOOLEAN»)
BOOLEAN: («T» IS {NULL~NOT NULL})
BOOLEAN: («BOOLEAN» IS {TRUE~FALSE~NOT TRUE~UNKNOWN~NOT FALSE})
BOOLEAN: («O» {IN~NOT IN} («O», «O», «O»))
BOOLEAN: («N» IN («M», «N»))
BOOLEAN: («O» {BETWEEN~NOT BETWEEN} «O» AND «O»)
BOOLEAN: («STRING» {LIKE~NOT LIKE~ILIKE} «pattern»)
BOOLEAN: («STRING» LIKE ANY («pattern», «pattern»))
BOOLEAN: («STRING» RLIKE «regex»)
BOOLEAN: {startswith~endswith~contains}(«STRING», «STRING»)
BOOLEAN: array_contains(«ARRAY<O>», «O»)
BOOLEAN: arrays_overlap(«ARRAY<O>», «ARRAY<O>»)
BOOLEAN: {exists~forall}(«ARRAY<T>», %x -> «BOOLEAN|%x:T»)
BOOLEAN: map_contains_key(«MAP<K, T>», «K»)
BOOLEAN: isnan(«F»)
BOOLEAN: {isnull~isnotnull}(«T»)
BOOLEAN: luhn_check(«STRING»)
P: abs(«P»)
P: (- «P»)
P: {positive~negative}(«P»)
I: («I» {+~-~*~%~&~|~^} «I»)
I: pmod(«I», «I»)
I: try_mod(«I», «I»)
I: {try_add~try_subtract~try_multiply}(«I», «I»)
I: (~ «I»)
F: («F» {+~-~*~%} «F»)
DOUBLE: («DOUBLE» / «N»)
DOUBLE: («I» / «J»)
F: pmod(«F», «F»)
DOUBLE: try_divide(«I», «J»)
BIGINT: («I» DIV «J»)
BIGINT: («D» DIV «E»)
BIGINT: div(«I», «J»)
INT: {shiftleft~shiftright~shiftrightunsigned}(«INT», «INT»)
BIGINT: {shiftleft~shiftright~shiftrightunsigned}(«BIGINT», «INT»)
INT: bit_count(«I»)
?: getbit(«I», {0~1~6~7})
STRING: bin(«BIGINT»)
STRING: conv(«STRING», {2~10~16~36~-10~1}, {2~10~16~36~-16~37})
STRING: hex({«BIGINT»~«STRING»~«BINARY»~«INT»})
BINARY: unhex(«STRING»)
BIGINT: factorial(«small»)
DOUBLE: {sqrt~signum~rint~degrees~radians}(«DOUBLE»)
DOUBLE: sign(«N»)
DOUBLE: nanvl(«DOUBLE», «DOUBLE»)
?: {round~bround~ceil~floor}(«N»)
?: {round~bround}(«N», {0~1~2~-1~-2~5~38})
?: {ceil~floor}(«D», {0~1~2~-1~-3})
?: {ceil~floor}(«N», {0~1~-1})
BIGINT: width_bucket(«DOUBLE», «DOUBLE», «DOUBLE», «BIGINT»)
?: («N» {+~-~*~/~%} «M»)
?: («D» {+~-~*~/~%} «E»)
?: {try_add~try_subtract~try_multiply~try_divide~try_mod}(«D», «E»)
?: pmod(«N», «M»)
?: («STRING» {+~-~*~/~%} «N»)
?: coalesce(«N», «M»)
?: CASE WHEN «BOOLEAN» THEN «N» ELSE «M» END
?: if(«BOOLEAN», «DATE», «TIMESTAMP»)
?: greatest(«N», «M»)
?: least(«N», «M», «N»)
?: array(«N», «M»)
?: map(1, «N», 2, «M»)
?: coalesce(«N», «STRING»)
?: coalesce(«DATE», «STRING»)
?: zeroifnull(«N»)
?: nullifzero(«N»)
?: named_struct('a', «T», 'b', «U»)
?: struct(«T», «U»)
?: arrays_zip(«ARRAY<T>», «ARRAY<U>»)
?: map_entries(«MAP<K, T>»)
?: array_insert(«ARRAY<T>», «small», «T»)
FLOAT: CAST({exp~expm1~ln~log10~log2~log1p~sin~cos~tan~cot~sec~csc~asin~acos~atan~sinh~cosh~tanh~asinh~acosh~atanh~cbrt}(«DOUBLE») AS FLOAT)
FLOAT: CAST({pow~hypot~atan2~log}(«DOUBLE», «DOUBLE») AS FLOAT)
?: {tinyint~smallint~int~bigint~float~double~boolean~string~decimal~date~timestamp}(«STRING»)
?: {tinyint~smallint~int~bigint~float~double~boolean~string~decimal}(«N»)
?: schema_of_json({'{"a":1,"b":[1.5,null]}'~'[{"a":"x"},{"b":2}]'~'{"a":12345678901234567890}'~'[1,"x"]'~'{}'~'[]'~'null'})
?: schema_of_csv({'1,abc'~'1.5,true,2024-01-01'~',x'})
?: map_from_entries(array(struct(«K», «T»), struct(«K», «T»)))
?: CAST(named_struct('a', «N», 'b', «STRING») AS STRUCT<x: STRING, y: STRING>)
?: CAST(«MAP<K, M>» AS MAP<STRING, STRING>)
?: CAST(«ARRAY<STRING>» AS ARRAY<INT>)
?: try_cast(«ARRAY<STRING>» AS ARRAY<DATE>)
?: to_json(«STRUCT<p: DATE, q: TIMESTAMP>», map({'dateFormat', 'dd.MM.yyyy'~'timestampFormat', 'yyyy/MM/dd HH:mm:ss'~'ignoreNullFields', 'false'~'timeZone', 'Asia/Kolkata'}))
?: to_csv(«STRUCT<p: STRING, q: TIMESTAMP>», map({'sep', ';'~'quote', '|'~'nullValue', '-'~'timestampFormat', 'HH:mm'}))
?: from_csv(«STRING», 'a STRING, b DATE, c DECIMAL(5,2)', map({'sep', ';'~'mode', 'PERMISSIVE'~'nullValue', '1'~'dateFormat', 'yyyy'}))
?: from_json(«json», 'a ARRAY<STRUCT<a: INT>>, b BOOLEAN')
?: from_json(«json», 'ARRAY<STRING>')
?: from_json(«json», 'MAP<STRING, STRING>')
?: («INTERVAL DAY TO SECOND» {=~<~<=>} «INTERVAL DAY TO SECOND»)
?: abs(«INTERVAL DAY TO SECOND»)
?: (- «INTERVAL YEAR TO MONTH»)
?: extract({DAY~HOUR~MINUTE~SECOND} FROM «INTERVAL DAY TO SECOND»)
?: sequence(«DATE», «DATE», INTERVAL '{1~40~-3}' {MONTH~YEAR})
?: sequence(TIMESTAMP '2024-03-30', «TIMESTAMP», INTERVAL {'1' DAY~'7' HOUR~'1' MONTH})
?: try_make_timestamp(2024, «small», «small», «small», «small», «DECIMAL(18,6)»)
?: array(named_struct('a', «INT», 'b', «STRING»), named_struct('a', «INT», 'b', «STRING»)).a
?: «ARRAY<STRUCT<p: INT, q: STRING>>».q
?: typeof(«T»)
?: {make_date(year(«DATE»), month(«DATE»), day(«DATE»))~last_day(add_months(«DATE», «small»))}
?: date_format(«TIMESTAMP», {'yyyy-MM-dd\'T\'HH:mm:ss.SSSXXX'~'h:mm:ss a'~'DDD yyyy'~'LLL'~'MMMM'~'d. M. yy'~'SSS'~'S'~'z'~'VV'~'x'~'Z'~'ZZZZ'~'\'\'yyyy'~'E'~'yyyyyy'~'[HH]'})
?: to_timestamp(date_format(«TIMESTAMP», 'yyyy/MM/dd HH:mm:ss.SSSSSS'), 'yyyy/MM/dd HH:mm:ss.SSSSSS')
?: to_timestamp(«STRING», {'yyyy-MM-dd[ HH:mm:ss]'~'d/M/yyyy h:mm a'~'yyyyMMdd'~'yyyy-MM-dd\'T\'HH:mm:ss.SSSXXX'~'yyyy-DDD'~'yy'})
?: unix_timestamp(«TIMESTAMP»)
?: («BINARY» {=~<~<=>} «BINARY»)
?: concat(«BINARY», «BINARY»)
?: elt(«INT», «STRING», «STRING», «STRING»)
?: format_string('%s %d %.3f', «STRING», «INT», «DOUBLE»)
?: format_string({'%5.1f|%-8s|%08d'~'%e|%S|%o'~'%b|%x|%X'}, «DOUBLE», «STRING», «INT»)
?: regexp_replace(«STRING», «regex», {'<$0>'~'\\$'~'a\\b'})
?: mod(«N», «M»)
?: («DATE» - «DATE»)
?: («TIMESTAMP» - «TIMESTAMP»)
?: («DATE» + «INTERVAL DAY TO SECOND»)
?: («INTERVAL DAY TO SECOND» {*~/} «N»)
?: («INTERVAL YEAR TO MONTH» {*~/} «N»)
?: extract({SECOND~YEAR~WEEK~DOW~EPOCH~DAYOFWEEK_ISO~QUARTER} FROM «TIMESTAMP»)
STRING: typeof(«?»)
STRING: CAST(«?» AS STRING)
STRING: {upper~lower~initcap~reverse~trim~ltrim~rtrim}(«STRING»)
STRING: {trim~ltrim~rtrim}({BOTH~LEADING~TRAILING} «STRING» FROM «STRING»)
STRING: btrim(«STRING», «STRING»)
STRING: concat(«STRING», «STRING»)
STRING: («STRING» || «N»)
STRING: concat_ws(«STRING», «STRING», «ARRAY<STRING>»)
STRING: substring(«STRING», «small», «small»)
STRING: substring(«STRING», «small»)
BINARY: substring(«BINARY», «small», «small»)
STRING: {left~right}(«STRING», «small»)
STRING: substring_index(«STRING», «STRING», «small»)
STRING: split_part(«STRING», «STRING», «small»)
ARRAY<STRING>: split(«STRING», «regex»)
ARRAY<STRING>: split(«STRING», «regex», «small»)
STRING: {lpad~rpad}(«STRING», «small», «STRING»)
STRING: {lpad~rpad}(«STRING», «small»)
BINARY: {lpad~rpad}(«BINARY», «small», «BINARY»)
STRING: repeat(«STRING», «small»)
STRING: replace(«STRING», «STRING», «STRING»)
STRING: translate(«STRING», «STRING», «STRING»)
STRING: overlay(«STRING» PLACING «STRING» FROM «small»)
STRING: overlay(«STRING», «STRING», «small», «small»)
INT: instr(«STRING», «STRING»)
INT: locate(«STRING», «STRING», «small»)
INT: position(«STRING» IN «STRING»)
INT: find_in_set(«STRING», «STRING»)
INT: {length~octet_length~bit_length}({«STRING»~«BINARY»})
INT: ascii(«STRING»)
INT: levenshtein(«STRING», «STRING»)
INT: levenshtein(«STRING», «STRING», «small»)
STRING: chr(«BIGINT»)
STRING: space(«small»)
STRING: soundex(«STRING»)
STRING: elt(«small», «STRING», «STRING»)
STRING: format_number(«N», {0~2~5~-1})
STRING: format_string('{%s~%5s~%-5s|~%S}', «STRING»)
STRING: format_string('{%d~%05d~%x~%,d~%+d~%(d}', «I»)
STRING: format_string('{%f~%.2f~%10.3f~%e~%,.1f}', «DOUBLE»)
STRING: regexp_replace(«STRING», «regex», {'x'~'[$0]'~'$1'~''})
STRING: regexp_extract(«STRING», «regex», {0~1})
ARRAY<STRING>: regexp_extract_all(«STRING», «regex», {0~1})
INT: {regexp_count~regexp_instr}(«STRING», «regex»)
STRING: regexp_substr(«STRING», «regex»)
STRING: base64(«BINARY»)
BINARY: unbase64(«STRING»)
BINARY: encode(«STRING», {'UTF-8'~'UTF-16'~'UTF-16BE'~'ISO-8859-1'~'US-ASCII'})
STRING: decode(«BINARY», {'UTF-8'~'UTF-16BE'~'ISO-8859-1'~'US-ASCII'})
STRING: {decode(encode~lower(encode}(«STRING», 'UTF-8'), 'UTF-8')
BINARY: try_to_binary(«STRING», {'hex'~'utf-8'~'base64'})
BINARY: to_binary(«STRING», {'hex'~'utf-8'~'base64'})
STRING: {url_encode~url_decode~try_url_decode}(«STRING»)
STRING: parse_url(«STRING», {'HOST'~'PATH'~'QUERY'~'REF'~'PROTOCOL'~'FILE'~'AUTHORITY'~'USERINFO'})
STRING: parse_url(«STRING», 'QUERY', {'a'~'b'~'c'})
STRING: {md5~sha1}(«BINARY»)
STRING: sha2(«BINARY», {0~224~256~512~1})
BIGINT: crc32(«BINARY»)
INT: hash(«T», «U»)
BIGINT: xxhash64(«T», «U»)
STRING: get_json_object(«json», {'$.a'~'$.a.b'~'$[0]'~'$.a.b[1]'~'$.*'~'$[*].a'~'$'~'$.a[*]'~'$[\'a\']'~'a'})
INT: json_array_length(«json»)
ARRAY<STRING>: json_object_keys(«json»)
STRING: to_json(«STRUCT<p: T, q: U>»)
STRING: to_json(«MAP<STRING, T>»)
STRING: to_json(«ARRAY<T>»)
STRING: to_csv(«STRUCT<p: A, q: STRING>»)
?: from_csv(«STRING», 'a INT, b STRING, c DOUBLE')
?: from_json(«json», 'a STRING, b ARRAY<INT>')
DATE: to_date(«STRING»)
DATE: to_date(«STRING», {'yyyy-MM-dd'~'dd/MM/yyyy'~'yyyy'~'MMM d yyyy'})
TIMESTAMP: to_timestamp(«STRING»)
TIMESTAMP: to_timestamp(«STRING», {'yyyy-MM-dd HH:mm:ss'~'yyyy-MM-dd'~'yyyy-MM-dd HH:mm:ss.SSSSSS'~'HH:mm'})
TIMESTAMP: try_to_timestamp(«STRING»)
STRING: date_format(«TIMESTAMP», {'yyyy-MM-dd'~'EEE, d MMM yyyy'~'HH:mm:ss.SSS'~'yy-M-d h:m a'~'D'~'EEEE MMMM'~'yyyyMMddHHmmss'~'Q'~'XXX'~'G'~'\'T\'SSSSSS'~'k K'})
STRING: date_format(«DATE», {'yyyy'~'MMM'~'dd'})
BIGINT: unix_timestamp(«STRING», {'yyyy-MM-dd HH:mm:ss'~'yyyy-MM-dd'})
BIGINT: unix_timestamp({«TIMESTAMP»~«DATE»})
BIGINT: {unix_seconds~unix_millis~unix_micros}(«TIMESTAMP»)
INT: unix_date(«DATE»)
STRING: from_unixtime(«INT», {'yyyy-MM-dd HH:mm:ss'~'D'~'EEE HH'})
TIMESTAMP: timestamp_seconds(«N»)
TIMESTAMP: {timestamp_millis~timestamp_micros}(«I»)
DATE: date_from_unix_date(«INT»)
INT: {year~quarter~month~day~dayofyear~weekofyear~dayofweek~weekday}({«DATE»~«TIMESTAMP»})
INT: {hour~minute~second}(«TIMESTAMP»)
STRING: {monthname~dayname}(«DATE»)
INT: date_part({'year'~'week'~'doy'~'dow'~'quarter'~'isodow'}, «DATE»)
DATE: {date_add~date_sub}(«DATE», «INT»)
INT: datediff(«DATE», «DATE»)
DATE: add_months(«DATE», «small»)
DOUBLE: months_between(«TIMESTAMP», «TIMESTAMP»)
DATE: last_day(«DATE»)
DATE: next_day(«DATE», {'MO'~'sunday'~'Fri'~'xx'})
TIMESTAMP: date_trunc({'YEAR'~'quarter'~'MONTH'~'week'~'DAY'~'hour'~'minute'~'second'~'millisecond'~'microsecond'~'xx'}, «TIMESTAMP»)
DATE: trunc(«DATE», {'year'~'quarter'~'MM'~'week'~'day'})
DATE: make_date(«small», «small», «small»)
DATE: make_date({2024~1~9999}, {1~2~12}, «small»)
TIMESTAMP: make_timestamp(2024, «small», «small», «small», «small», «DECIMAL(18,6)»)
TIMESTAMP: timestampadd({YEAR~MONTH~DAY~HOUR~SECOND~MICROSECOND~QUARTER~WEEK}, «small», «TIMESTAMP»)
BIGINT: timestampdiff({YEAR~MONTH~DAY~HOUR~SECOND~MICROSECOND~QUARTER~WEEK}, «TIMESTAMP», «TIMESTAMP»)
TIMESTAMP: {from_utc_timestamp~to_utc_timestamp}(«TIMESTAMP», {'Europe/Berlin'~'America/New_York'~'+05:30'~'UTC'})
DATE: («DATE» {+~-} «INT»)
DATE: («DATE» {+~-} «INTERVAL YEAR TO MONTH»)
TIMESTAMP: («TIMESTAMP» {+~-} «INTERVAL DAY TO SECOND»)
TIMESTAMP: («TIMESTAMP» {+~-} «INTERVAL YEAR TO MONTH»)
INTERVAL DAY TO SECOND: («INTERVAL DAY TO SECOND» {+~-} «INTERVAL DAY TO SECOND»)
INTERVAL YEAR TO MONTH: («INTERVAL YEAR TO MONTH» {+~-} «INTERVAL YEAR TO MONTH»)
INTERVAL DAY TO SECOND: make_dt_interval(«small», «small», «small», «DECIMAL(18,6)»)
INTERVAL YEAR TO MONTH: make_ym_interval(«small», «small»)
INT: size({«ARRAY<T>»~«MAP<K, T>»})
INT: array_size(«ARRAY<T>»)
BIGINT: array_position(«ARRAY<O>», «O»)
STRING: array_join(«ARRAY<STRING>», «STRING»)
STRING: array_join(«ARRAY<STRING>», «STRING», «STRING»)
ARRAY<O>: sort_array(«ARRAY<O>», {true~false})
ARRAY<O>: array_sort(«ARRAY<O>»)
ARRAY<N>: array_sort(«ARRAY<N>», (%x, %y) -> CASE WHEN coalesce(%x, 0) < coalesce(%y, 0) THEN 1 WHEN coalesce(%x, 0) > coalesce(%y, 0) THEN -1 ELSE 0 END)
ARRAY<X>: array_distinct(«ARRAY<X>»)
ARRAY<X>: {array_union~array_intersect~array_except}(«ARRAY<X>», «ARRAY<X>»)
ARRAY<T>: {array_append~array_prepend}(«ARRAY<T>», «T»)
ARRAY<O>: array_remove(«ARRAY<O>», «O»)
ARRAY<T>: array_compact(«ARRAY<T>»)
ARRAY<T>: array_repeat(«T», «small»)
ARRAY<T>: slice(«ARRAY<T>», «small», «small»)
ARRAY<T>: flatten(«ARRAY<ARRAY<T>>»)
ARRAY<T>: reverse(«ARRAY<T>»)
ARRAY<T>: concat(«ARRAY<T>», «ARRAY<T>»)
ARRAY<I>: sequence(CAST(«small» AS I), CAST(«small» AS I))
ARRAY<DATE>: sequence(DATE '2024-01-29', date_add(DATE '2024-01-29', «small»))
ARRAY<T>: array(«T», «T»)
ARRAY<U>: transform(«ARRAY<T>», %x -> «U|%x:T»)
ARRAY<U>: transform(«ARRAY<T>», (%x, %y) -> «U|%x:T,%y:INT»)
ARRAY<T>: filter(«ARRAY<T>», %x -> «BOOLEAN|%x:T»)
ARRAY<V>: zip_with(«ARRAY<T>», «ARRAY<U>», (%x, %y) -> «V|%x:T,%y:U»)
ARRAY<K>: map_keys(«MAP<K, T>»)
ARRAY<T>: map_values(«MAP<K, T>»)
MAP<K, T>: map_concat(«MAP<K, T>», «MAP<K, T>»)
MAP<K, T>: map_from_arrays(«ARRAY<K>», «ARRAY<T>»)
MAP<K, T>: map(«K», «T»)
MAP<K, T>: map_filter(«MAP<K, T>», (%x, %y) -> «BOOLEAN|%x:K,%y:T»)
MAP<K, U>: transform_values(«MAP<K, T>», (%x, %y) -> «U|%x:K,%y:T»)
MAP<K, T>: transform_keys(«MAP<K, T>», (%x, %y) -> «K|%x:K,%y:T»)
MAP<K, V>: map_zip_with(«MAP<K, T>», «MAP<K, U>», (%x, %y, %z) -> «V|%x:K,%y:T,%z:U»)
T: aggregate(«ARRAY<U>», «T», (%x, %y) -> «T|%x:T,%y:U», %z -> «T|%z:T»)
T: reduce(«ARRAY<U>», «T», (%x, %y) -> «T|%x:T,%y:U»)
BIGINT: aggregate(«ARRAY<I>», 0L, (%x, %y) -> %x + %y)
DOUBLE: aggregate(«ARRAY<N>», named_struct('s', 0D, 'n', 0), (%x, %y) -> named_struct('s', %x.s + %y, 'n', %x.n + 1), %z -> %z.s / %z.n)
INT: size(filter(«ARRAY<T>», %x -> «BOOLEAN|%x:T»))
ARRAY<T>: filter(«ARRAY<T>», (%x, %y) -> «BOOLEAN|%x:T,%y:INT»)
ARRAY<ARRAY<T>>: transform(«ARRAY<T>», %x -> array(%x, «T|%x:T»))
ARRAY<INT>: transform(«ARRAY<ARRAY<T>>», %x -> size(%x))
?: transform(«ARRAY<T>», %x -> named_struct('e', %x, 'n', «U|%x:T»))
?: transform(«ARRAY<T>», %x -> transform(«ARRAY<U>», %y -> «V|%x:T,%y:U»))
?: transform(map_entries(«MAP<K, T>»), %x -> %x.value)
?: transform(«ARRAY<STRUCT<p: INT, q: STRING>>», %x -> %x.p + length(%x.q))
?: filter(«ARRAY<STRUCT<p: INT, q: STRING>>», %x -> %x.q IS NOT NULL AND «BOOLEAN|%x:STRUCT<p: INT, q: STRING>»)
?: aggregate(«ARRAY<STRUCT<p: INT, q: STRING>>», '', (%x, %y) -> concat(%x, coalesce(%y.q, '-')))
?: array_sort(«ARRAY<STRING>», (%x, %y) -> CASE WHEN coalesce(length(%x), 9) < coalesce(length(%y), 9) THEN -1 WHEN coalesce(length(%x), 9) > coalesce(length(%y), 9) THEN 1 ELSE 0 END)
?: array_sort(«ARRAY<STRUCT<p: INT, q: STRING>>», (%x, %y) -> CASE WHEN coalesce(%x.p, 0) < coalesce(%y.p, 0) THEN 1 WHEN coalesce(%x.p, 0) > coalesce(%y.p, 0) THEN -1 ELSE 0 END)
?: map_filter(«MAP<K, T>», (%x, %y) -> %y IS NOT NULL)
?: transform_values(«MAP<STRING, INT>», (%x, %y) -> length(%x) + %y)
?: transform_keys(«MAP<K, T>», (%x, %y) -> CAST(%x AS STRING))
?: map_zip_with(«MAP<STRING, INT>», «MAP<STRING, BIGINT>», (%x, %y, %z) -> coalesce(%y, 0) + coalesce(%z, 0))
?: sort_array(«ARRAY<STRUCT<p: INT, q: STRING>>», {true~false})
?: sort_array(«ARRAY<ARRAY<INT>>»)
?: array_max(«ARRAY<ARRAY<INT>>»)
?: array_distinct(«ARRAY<STRUCT<p: INT, q: STRING>>»)
?: array_distinct(«ARRAY<ARRAY<INT>>»)
?: array_union(«ARRAY<I>», «ARRAY<J>»)
?: array_except(«ARRAY<I>», «ARRAY<J>»)
?: array_contains(«ARRAY<N>», «M»)
?: array_position(«ARRAY<N>», «M»)
?: {array_append~array_prepend~array_remove}(«ARRAY<N>», «M»)
?: arrays_overlap(«ARRAY<I>», «ARRAY<J>»)
?: concat(«ARRAY<N>», «ARRAY<M>»)
?: concat(«STRING», «N», «BOOLEAN», «TIMESTAMP»)
?: concat_ws(',', «N», «ARRAY<STRING>», «DATE»)
?: array_join(«ARRAY<N>», ',', '-')
?: coalesce(«ARRAY<N>», «ARRAY<M>»)
?: coalesce(«STRUCT<p: N>», «STRUCT<p: M>»)
?: coalesce(«MAP<K, N>», «MAP<K, M>»)
?: array(«STRING», «N»)
?: array(«DATE», «TIMESTAMP»)
?: element_at(«MAP<BIGINT, T>», «INT»)
?: («MAP<BIGINT, T>»)[«INT»]
?: map_concat(«MAP<K, N>», «MAP<K, M>»)
?: map_contains_key(«MAP<BIGINT, T>», «INT»)
?: map_from_entries(«ARRAY<STRUCT<p: STRING, q: INT>>»)
?: map_from_entries(map_entries(«MAP<K, T>»))
?: coalesce(NULL, «T»)
?: nullif(«A», NULL)
?: nullif(NULL, «A»)
?: («N» {+~-~*~/~%} NULL)
?: (NULL {=~<~<=>} «A»)
?: if(NULL, «T», «U»)
?: if(«BOOLEAN», NULL, «T»)
?: array(NULL, «T»)
?: map(«K», NULL)
?: greatest(NULL, «O»)
?: CASE WHEN «BOOLEAN» THEN NULL ELSE «T» END
?: CASE «N» WHEN «M» THEN «T» ELSE NULL END
?: CASE WHEN «BOOLEAN» THEN «N» WHEN «BOOLEAN» THEN «M» ELSE «STRING» END
?: if(«BOOLEAN», «N», «STRING»)
?: nvl(«N», «M»)
?: nvl(«STRING», «N»)
?: nullif(«N», «M»)
?: («STRING» {=~<~<=>} «BOOLEAN»)
?: («STRING» {=~<~<=>} «TIMESTAMP»)
?: («STRING» {=~<=>} «BINARY»)
?: («N» {=~<=>} «BOOLEAN»)
?: («N» BETWEEN «M» AND «N»)
?: («N» IN («STRING», «M»))
?: («STRING» IN («N», «STRING»))
?: («DATE» IN («STRING», «DATE»))
?: («DATE» BETWEEN «STRING» AND «TIMESTAMP»)
?: («STRING» {AND~OR} «BOOLEAN»)
BOOLEAN: («STRING» LIKE ALL («pattern», «pattern»))
BOOLEAN: («STRING» NOT LIKE {ANY~ALL} («pattern», «pattern»))
BOOLEAN: («STRING» ILIKE {ANY~ALL} («pattern», «pattern»))
BOOLEAN: («STRING» LIKE {'a/%'~'/_%'~'%//'~'x/y'} ESCAPE '/')
BOOLEAN: («ARRAY<O>» {=~<~>=~<=>} «ARRAY<O>»)
BOOLEAN: (named_struct('a', «O», 'b', «INT») {=~<~>=~<=>} named_struct('a', «O», 'b', «INT»))
BOOLEAN: (struct(«N», «STRING») = struct(«N», «STRING»))
BOOLEAN: («STRUCT<p: INT, q: STRING>» IN («STRUCT<p: INT, q: STRING>», «STRUCT<p: INT, q: STRING>»))
?: CAST(«STRING» AS INTERVAL {DAY TO SECOND~YEAR TO MONTH~DAY~HOUR TO SECOND~MONTH~SECOND})
?: CAST({'1 02:03:04.5'~'INTERVAL \'1\' DAY'~'-1'~' 5 '~'INTERVAL -\'1 2\' DAY TO HOUR'~'3:04'~'1-2'~'-0-1'~'interval \'1-2\' year to month'~'12'~''} AS INTERVAL {DAY TO SECOND~DAY~DAY TO HOUR~HOUR TO MINUTE~SECOND~YEAR TO MONTH~YEAR~MONTH})
?: CAST(«I» AS INTERVAL {DAY~HOUR~MINUTE~SECOND~MONTH~YEAR})
?: CAST(«INTERVAL DAY TO SECOND» AS {STRING~INTERVAL HOUR~INTERVAL DAY TO MINUTE~INTERVAL DAY})
?: CAST(«INTERVAL YEAR TO MONTH» AS {STRING~INTERVAL YEAR~INTERVAL MONTH})
?: CAST(CAST(«INTERVAL YEAR TO MONTH» AS INTERVAL {YEAR~MONTH}) AS {INT~BIGINT~TINYINT~DECIMAL(4,1)})
?: CAST(CAST(«INTERVAL DAY TO SECOND» AS INTERVAL {DAY~HOUR~MINUTE~SECOND}) AS {INT~BIGINT~TINYINT~DECIMAL(14,7)})
?: extract({YEAR~MONTH} FROM «INTERVAL YEAR TO MONTH»)
?: («TIMESTAMP» {+~-} {INTERVAL 1 MONTH~INTERVAL '1' DAY~INTERVAL 36 HOURS~INTERVAL '1-2' YEAR TO MONTH~INTERVAL 1 WEEK~INTERVAL 500 MILLISECONDS})
?: («DATE» {+~-} {INTERVAL 1 MONTH~INTERVAL '1' DAY~INTERVAL 36 HOURS~INTERVAL '1-2' YEAR TO MONTH~INTERVAL 1 WEEK})
?: («DATE» - «TIMESTAMP»)
?: («TIMESTAMP» - «DATE»)
?: («DATE» {+~-} «SMALLINT»)
?: («TIMESTAMP» - «STRING»)
?: array(«INTERVAL DAY TO SECOND», «INTERVAL DAY TO SECOND»)
?: greatest(«INTERVAL YEAR TO MONTH», «INTERVAL YEAR TO MONTH»)
?: to_json(named_struct('a', «INTERVAL DAY TO SECOND», 'b', «INTERVAL YEAR TO MONTH»))
?: sequence(«BIGINT», «BIGINT», 4611686018427387904L)
ARRAY<INT>: sequence(«small», «small», {1~2~-1~-3~0})
?: sequence(«DATE», «DATE», INTERVAL '{1~-1}' YEAR)
?: sequence(TIMESTAMP '2024-03-30 02:30:00', TIMESTAMP '2024-04-01 02:30:00', INTERVAL {'1' DAY~'24' HOUR~'11' HOUR})
?: sequence(TIMESTAMP '2024-11-04 01:30:00', TIMESTAMP '2024-11-01', INTERVAL {'-1' DAY~'-12' HOUR})
?: date_add(«TIMESTAMP», «small»)
?: date_add(«STRING», «small»)
?: datediff(«TIMESTAMP», «STRING»)
?: {dateadd~timestampadd}({MONTH~DAY~HOUR~YEAR}, «small», «DATE»)
?: datediff({MONTH~DAY~HOUR~YEAR~WEEK}, «DATE», «TIMESTAMP»)
?: months_between(«DATE», «TIMESTAMP», {true~false})
?: date_trunc({'day'~'month'~'hour'~'week'}, «DATE»)
?: trunc(«TIMESTAMP», {'month'~'year'})
?: {hour~minute~second~year~dayofweek}(«STRING»)
?: date_part({'second'~'epoch'~'hour'~'yearofweek'~'day'}, «TIMESTAMP»)
?: date_part({'day'~'second'~'hour'}, «INTERVAL DAY TO SECOND»)
?: date_format(«TIMESTAMP», {'yyyy-MM-dd HH:mm:ss XXX'~'z'~'OOOO'~'O'~'xxx'~'XX'~'yyyy-MM-dd\'T\'HH:mm:ssZ'~'uuuu'~'F'~'W'~'e'~'aa'~'n'~'SSSSSSSSS'~'SSSSSSSSSS'~'LLLL yyyy'~'B'})
?: date_format(«STRING», 'yyyy-MM-dd HH')
TIMESTAMP: CAST({'2024-03-31 02:30:00 Europe/Berlin'~'2024-10-27 02:30:00 Europe/Berlin'~'2024-01-01 00:00:00 +05:30'~'2024-01-01T00:00:00 UTC+3'~'2024-01-01 12:00:00 GMT-1'~'2024-01-01T00Z'~'1883-11-18 12:03:58'~'2011-12-30 12:00:00 Pacific/Apia'~'2018-11-04 00:30:00 America/Sao_Paulo'~'2024-01-01 00:00:00 PST'~'2024-01-01 0:0:0 UT'~'2024-01-01 00:00:00 +19:00'~'2024-01-01 00:00:00.5 -1:30'~'2024-01-01 00:00:00 Mars/X'~'2024-06'~'10:00:00 Z'} AS TIMESTAMP)
TIMESTAMP: {from_utc_timestamp~to_utc_timestamp}(«TIMESTAMP», {'Australia/Lord_Howe'~'Pacific/Apia'~'America/Sao_Paulo'~'Asia/Kathmandu'~'PST'~'EST'~'CET'~'GMT+2'~'Z'~'Mars/X'~'+5'~'-00:30'})
TIMESTAMP: make_timestamp({2024~2018~1883}, {3~10~11~12}, {31~27~4~18~1}, {0~1~2~23}, 30, 0{~.5}, {'Europe/Berlin'~'America/Sao_Paulo'~'America/New_York'~'+02:00'})
TIMESTAMP: make_timestamp(2024, «small», «small», «small», 60, {0~60~59.9999999})
TIMESTAMP: try_to_timestamp({'2024-01-01 00:00:00.5'~'2024-01-01 00:00:00.123456'~'2024-01-01 00:00:00.1234567'~'2024-01-01 00:00:00'~'2024-1-1 0:0:0.5'~'20240101000000123'~'20240101000000'~'01/Feb/2024:03:04:05 +0100'~'Thu Feb 29 12:34:56 2024'~'Thursday, 29 February 2024'~'2/9/24 3:04 PM'~'29.2.2024'~'2024-060'~'2024-02-29 12'}, {'yyyy-MM-dd HH:mm:ss.SSS'~'yyyy-MM-dd HH:mm:ss[.SSSSSS]'~'yyyy-M-d H:m:s.S'~'yyyyMMddHHmmssSSS'~'yyyyMMddHHmmss'~'dd/MMM/yyyy:HH:mm:ss Z'~'EEE MMM dd HH:mm:ss yyyy'~'EEEE, d MMMM yyyy'~'M/d/yy h:mm a'~'d.M.yyyy'~'yyyy-DDD'~'yyyy-MM-dd[ HH]'})
TIMESTAMP: try_to_timestamp(«STRING», {'yyyy-MM-dd HH:mm:ss'~'yyyy-MM-dd'~'yyyy-MM-dd HH:mm:ss VV'})
TIMESTAMP: to_timestamp({'31.03.2024 02:30'~'27.10.2024 02:30'~'29.02.2023 00:00'~'1.1.2024 24:00'}, {'dd.MM.yyyy HH:mm'~'d.M.yyyy H:m'~'dd.MM.yyyy kk:mm'})
TIMESTAMP: to_timestamp({'2024-03-31T02:30:00+01:00'~'2024-03-31T02:30:00Z'~'2024-03-31T02:30:00'~'2024-03-31T02:30:00.123456+0100'}, {'yyyy-MM-dd\'T\'HH:mm:ssXXX'~'yyyy-MM-dd\'T\'HH:mm:ss[XXX]'~'yyyy-MM-dd\'T\'HH:mm:ss[.SSSSSS][Z]'~'yyyy-MM-dd\'T\'HH:mm:ss[.SSS][XXX]'})
DATE: try_to_date(«STRING»)
DATE: try_to_date(«STRING», {'yyyy-MM-dd'~'dd/MM/yyyy'})
?: unix_timestamp(«STRING»)
?: to_unix_timestamp(«TIMESTAMP»)
?: from_unixtime(«BIGINT»)
?: timestamp_seconds(«DECIMAL(18,6)»)
?: hash(«INTERVAL DAY TO SECOND», «DECIMAL(38,18)»)
?: {round~bround}(«D», «small»)
?: («DECIMAL(38,18)» {+~-~*~/~%} «DECIMAL(38,18)»)
?: («DECIMAL(38,37)» {+~-~*~/} «I»)
?: («DECIMAL(20,0)» {*~/} «DECIMAL(19,9)»)
?: («D» {*~/~+} «I»)
?: («D» {*~/~+~%} «F»)
?: («D» {=~<~<=>} «I»)
?: («D» {=~<~<=>} «F»)
?: try_add({DATE '2024-01-31'~DATE '9999-12-31'}, «small»)
?: try_divide(«INTERVAL DAY TO SECOND», «small»)
?: decode(«A», «A», «STRING», «A», 'x', 'y')
?: {startswith~endswith~contains}(«BINARY», «BINARY»)
?: {length~hex~base64~upper~trim}(«N»)
?: {bit_get~getbit}(«I», «small»)
?: to_json(«STRUCT<p: T, q: U>», map('pretty', 'true'))
?: to_json(«ARRAY<T>», map('pretty', 'true', 'ignoreNullFields', 'false'))
?: to_json(named_struct('a', «ARRAY<T>», 'b', «MAP<K, U>»))
?: from_json(«json», 'a STRING, b STRING', map({'mode', 'FAILFAST'~'mode', 'DROPMALFORMED'~'mode', 'PERMISSIVE'~'columnNameOfCorruptRecord', 'b'~'primitivesAsString', 'true'~'multiLine', 'true'~'allowNonNumericNumbers', 'false'}))
?: from_json(«json», '{INT~STRING~DOUBLE~DATE}')
?: from_json(«json», 'ARRAY<INT>', map('mode', 'FAILFAST'))
?: get_json_object(«json», {'$.b'~'$[1]'~'$.a[0].b'~'$.a.b[*]'~'$[*]'~'$.a..b'~'$.'~'$[-1]'~'$["a"]'~'$.a[1].b'~'$.*.b'~' $.a'~'$.A'})
?: from_csv(«STRING», 'a STRING, b STRING, c STRING', map({'quote', '\''~'escape', '"'~'sep', '||'~'nullValue', ''~'ignoreLeadingWhiteSpace', 'true'~'mode', 'FAILFAST'~'comment', '#'~'sep', ':'~'emptyValue', 'E'}))
?: from_csv({'1,2024-02-29,1.5'~'NaN,x,1e3'~'-Infinity,2024-02-29 12:34:56,1.005'~'5'~',,'~'1,2024-02-29,1.5,7'}, 'a DOUBLE, b TIMESTAMP, c DECIMAL(5,2), _corrupt_record STRING', map({'mode', 'PERMISSIVE'~'timestampFormat', 'yyyy-MM-dd'~'nanValue', '5'~'enforceSchema', 'false'}))
?: to_csv(«STRUCT<p: A, q: STRING>», map({'quoteAll', 'true'~'escape', '"'~'escapeQuotes', 'false'~'emptyValue', ''~'nullValue', 'N'~'quote', '\''~'sep', '\t'}))
?: regexp_replace(«STRING», «regex», 'x', {1~2~3})
?: split(«STRING», {'\\b'~'x*'~'(?=a)'~'(?<=a)'~'$'~'^'~'\\B'~'a|'~'[^\\w]'}, {-1~0~2})
?: {regexp_count~regexp_instr}(«STRING», {'\\b'~'x*'~'(?=a)'~'$'~'^'~'\\B'})
?: regexp_extract_all(«STRING», {'\\b'~'x*'~'(\\w)(\\w)?'~'$'~'(a)|(b)'}, {0~1~2})
?: split(«letters», «regex», {-1~2})
?: regexp_extract_all(«letters», «regex», 0)
?: regexp_replace(«letters», «regex», {'<$0>'~'-'})
?: («letters» RLIKE «regex»)
?: regexp_extract(«letters», «regex», {0~1})
?: elt(«small», «BINARY», «BINARY»)
?: elt({1~2}, CAST(«STRING» AS INT), CAST(«STRING» AS INT))
?: (1 IN (1, CAST(«STRING» AS INT)))
?: («I» IN («J», CAST(«STRING» AS INT), «I»))
?: if(«BOOLEAN», CAST(«STRING» AS INT), 1 / «small»)
?: coalesce(«INT», CAST(«STRING» AS INT), 1 DIV «small»)
?: nvl2(«INT», CAST(«STRING» AS INT), 1)
?: CASE WHEN «BOOLEAN» THEN 1 / «small» WHEN CAST(«STRING» AS INT) = 1 THEN 2 ELSE 3 END
?: element_at(array(1 / «small», 2), 2)
?: named_struct('a', CAST(«STRING» AS INT), 'b', 1).b
?: map('a', CAST(«STRING» AS INT), 'b', 1)['b']
?: nanvl(«DOUBLE», CAST(«STRING» AS DOUBLE))
?: («BOOLEAN» {AND~OR} (1 / «small» > 0))
MAP<STRING, STRING>: str_to_map(«STRING», {','~';'}, {':'~'='})
"""
PATTERNS = ["'%'", "'a%'", "'%b%'", "'_'", "'a_c'", "''", "'\\\\%'", "'%\\\\_%'", "'A%'", "'%é%'", "'a%b'", "'__'", "'.*'"]
REGEXES = ["'a'", "'[a-z]+'", "'(a)(b)?'", "'^a'", "'b$'", "'.'", "'\\\\d+'", "','", "'a|b'", "''", "'\\\\s'", "'(?i)A'", "'[^a-z]'", "'x*'",
           "'\\\\b'", "'\\\\.'", "'(\\\\w+) (\\\\w+)'", "'a{2,3}'", "'é'", "'.$'"]
JSON = ["'{\"a\":1}'", "'{\"a\":{\"b\":[1,2,null]}}'", "'[1,2,3]'", "'[{\"a\":1},{\"a\":\"x\"}]'", "'{\"a\":\"x\\\\ny\"}'", "''", "'null'", "'{'", "'{\"a\":1.50}'",
        "'{\"a\":[1,{\"b\":2}],\"b\":true}'", "'{\"a\":1} x'", "'\"s\"'", "'{\"a\":\"\"}'", "'{\"a\":null,\"b\":[]}'", "' [ ] '", "'{\"a\":1e5,\"a\":2}'", "'[[1],[2]]'"]

VARIABLES = {
    "T": lambda r: random_type(r, 1), "U": lambda r: random_type(r, 1), "V": lambda r: r.choice(ATOMIC), "A": lambda r: r.choice(ATOMIC),
    "O": lambda r: r.choice(ATOMIC + ["ARRAY<INT>", "STRUCT<p: INT, q: STRING>", "ARRAY<STRING>"]), "K": lambda r: r.choice(["STRING", "INT", "BIGINT", "DATE"]),
    "N": lambda r: r.choice(INTEGRAL + FLOATING + DECIMALS), "M": lambda r: r.choice(INTEGRAL + FLOATING + DECIMALS),
    "X": lambda r: r.choice(MEMBERS["X"]), "P": lambda r: r.choice(INTEGRAL + FLOATING + DECIMALS[:3]), "I": lambda r: r.choice(INTEGRAL), "J": lambda r: r.choice(INTEGRAL), "F": lambda r: r.choice(FLOATING),
    "D": lambda r: r.choice(DECIMALS), "E": lambda r: r.choice(DECIMALS),
}
MEMBERS = {"I": INTEGRAL, "F": FLOATING, "N": INTEGRAL + FLOATING + DECIMALS, "D": DECIMALS, "P": INTEGRAL + FLOATING + DECIMALS[:3], "X": [type for type in ATOMIC if type not in FLOATING], "A": ATOMIC, "K": ["STRING", "INT", "BIGINT", "DATE"]}



LIST = [tuple(line.split(": ", 1)) for line in PRODUCTIONS.strip().split("\n")]


def bind(pattern, type):
    """The variables that make the pattern this type, or None."""
    names = re.findall(r"\b[A-Z]\b", pattern)
    if not names or type == "?":
        return {} if pattern == type else None
    expression = re.escape(pattern)
    for name in names:
        expression = re.sub(r"\b%s\b" % name, "(.+)", expression, count=1)
    found = re.fullmatch(expression, type)
    if not found:
        return None
    bound = {}
    for name, value in zip(names, found.groups()):
        if value.count("<") != value.count(">") or (name in MEMBERS and value not in MEMBERS[name]):
            return None
        if name == "K" and "," in value:
            return None
        if name == "O" and ("MAP" in value):
            return None
        bound[name] = value
    return bound


def random_regex(r, depth=3):
    """Small ones over few letters, so that they match now and then."""
    choice = r.random()
    if depth == 0 or choice < 0.3:
        return r.choice(["a", "b", "c", "ab", ".", "[ab]", "[^a]", "[a-c]", "\\w", "\\d", "\\s", "\\W", "\\D", "x", "1", "-", "_", "é", "\\b", "^", "$", "[a-z&&[^b]]",
                         "\\B", "\\p{L}", "\\p{Upper}", "[\\w-]", "A", "(?i:a)", "\\n", "\\A", "\\z", "\\Z", "[^\\W\\d_]", "\\S", ""])
    if choice < 0.55:
        return random_regex(r, depth - 1) + random_regex(r, depth - 1)
    if choice < 0.65:
        return random_regex(r, depth - 1) + "|" + random_regex(r, depth - 1)
    inner = random_regex(r, depth - 1)
    if choice < 0.88:
        atom = inner if len(inner) == 1 and inner not in "^$" else f"(?:{inner})" if r.random() < 0.5 else f"({inner})"
        return atom + r.choice(["*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}"]) + r.choice(["", "", "", "?", "+"])
    return r.choice(["({})", "({})", "(?:{})", "(?={})", "(?!{})", "(?<={})", "(?<!{})", "(?>{})", "({})\\1", "(?i){}", "(?m){}", "(?s){}"]).replace("{}", inner, 1)


class Generator:
    def __init__(self, r, rows=3, fixed=False):
        self.r, self.rows, self.columns, self.variables, self.fixed = r, rows, [], 0, fixed
        self.cache = {}

    def leaf(self, type, scope):
        r = self.r
        known = [name for name, other in scope if other == type]
        if known and r.random() < 0.7:
            return Node([r.choice(known)], type, [null(type)])
        if not self.fixed and r.random() < 0.6:
            same = [name for name, other, _ in self.columns if other == type]
            if same and r.random() < 0.6:
                name = r.choice(same)
            else:
                name = f"c{len(self.columns)}"
                self.columns.append((name, type, [literal(r, type) for _ in range(self.rows)]))
            return Node([name], type, [null(type)])
        return literal(r, type)

    def make(self, type, depth, scope=()):
        r = self.r
        if type == "small":
            return Node([str(r.choice([0, 1, 2, 3, 4, 5, -1, -2, 7, 12]))], "INT")
        if type == "pattern":
            return Node([r.choice(PATTERNS)], "STRING")
        if type == "regex":
            if r.random() < 0.3:
                return Text(random_regex(r))
            return Node([r.choice(REGEXES)], "STRING")
        if type == "letters":
            return Text("".join(r.choice("aabbcAB1 -_\nxé") for _ in range(r.choice([0, 1, 2, 4, 8]))))
        if type == "json":
            if r.random() < 0.4:
                return Text(documents.value(r, documents.random_type(r)))
            return Node([r.choice(JSON)], "STRING") if r.random() < 0.8 else self.make("STRING", depth, scope)
        if depth <= 0 and type != "?":
            return self.leaf(type, scope)
        if type not in self.cache:
            exact = [(pattern, sql, bound) for pattern, sql in LIST if (bound := bind(pattern, type)) is not None]
            # Productions for any type are many: half of the time others are wanted.
            self.cache[type] = (exact, [item for item in exact if len(item[0]) > 1 or item[0] in "NIFP?"])
        everything, own = self.cache[type]
        if not everything or (type != "?" and r.random() < 0.1):
            return self.leaf(type, scope)
        _, sql, bound = r.choice(own if own and r.random() < 0.75 else everything)
        return self.produce(type, sql, dict(bound), depth, scope)

    def produce(self, type, sql, bound, depth, scope):
        r = self.r

        def variable(found):
            name = found.group(0)
            if name not in bound:
                bound[name] = VARIABLES[name](r)
            return bound[name]

        sql = re.sub(r"\{([^{}]*~[^{}]*)\}", lambda found: r.choice(found.group(1).split("~")), sql)
        names = {}
        for name in re.findall(r"%[xyz]\b", sql):
            if name not in names:
                self.variables += 1
                names[name] = f"v{self.variables}"
        parts, at = [], 0
        for found in re.finditer(r"«([^«»]*)»", sql):
            parts.append(sql[at:found.start()])
            at = found.end()
            wanted, _, lambdas = found.group(1).partition("|")
            inside = list(scope)
            for part in filter(None, re.split(r",(?=%)", lambdas)):
                name, _, kind = part.partition(":")
                inside.append((names[name], re.sub(r"\b[A-Z]\b", variable, kind)))
            wanted = re.sub(r"\b[A-Z]\b", variable, wanted)
            parts.append(self.make(wanted, depth - 1 if r.random() < 0.8 else 0, inside))
        parts.append(sql[at:])
        cast = r"AS ([A-Z<>, ]*\b[A-Z]\b[A-Z<>, ]*)\)"
        parts = [part if not isinstance(part, str) else
                 re.sub(cast, lambda found: re.sub(r"\b[A-Z]\b", variable, found.group(0)), part) for part in parts]
        for name, fresh in names.items():
            parts = [part if not isinstance(part, str) else re.sub(name + r"\b", fresh, part) for part in parts]
        simpler = [null(type)] if type != "?" else []
        return Node(parts, type if type != "?" else None, simpler)


def case(r, ansi):
    # With ANSI on, one row: the first failure ends a query, and engines may take rows in any order.
    generator = Generator(r, rows=1 if ansi else 4)
    type = "?" if r.random() < 0.4 else random_type(r, 1) if r.random() < 0.85 else r.choice(INTERVALS)
    depth = r.choice([1, 2, 2, 3])
    expression = generator.make(type, depth)
    columns = generator.columns or [("c0", "INT", [literal(r, "INT")])]
    rows = [[values[index] for _, _, values in columns] for index in range(len(columns[0][2]))]
    table = Table("t", [(name, kind) for name, kind, _ in columns], rows)
    # Without an alias its name is compared too.
    alias = "" if depth == 1 and "(" in expression.sql()[1:] and "CAST(NULL" not in expression.sql() and r.random() < 0.4 else " AS x"
    return Node(["SELECT ", expression, f"{alias} FROM ", table]), table, expression
