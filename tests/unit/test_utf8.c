#include "lib/base/utf8.h"
#include "tests/unit/expect.h"

START_TEST(every_character_is_encoded_as_valid_utf8)
{
	for (unsigned long code = 0; code <= 0x10FFFF; code++) {
		bool surrogate = code >= 0xD800 && code <= 0xDFFF;
		char text[4];
		size_t length = utf8_encode(code, text);

		if (utf8_is_valid(text, length) == surrogate)
			ck_abort_msg("U+%04lX", code);
		for (size_t i = 1; i < length; i++)
			if (!utf8_continues(text[i]) || utf8_is_valid(text, i))
				ck_abort_msg("U+%04lX, byte %zu", code, i);
	}
}
END_TEST

static const struct {
	const char *text;
	size_t valid; /* bytes before the invalid one */
} invalid[] = {{"\x80", 0}, {"\xC0\x80", 0}, {"\xE0\x9F\xBF", 0}, {"\xED\xA0\x80", 0},
    {"\xF0\x8F\xBF\xBF", 0}, {"\xF4\x90\x80\x80", 0}, {"\xFF", 0}, {"ten bytes \xC3", 10},
    {"\xC3\xBC\xC3(", 2}};

START_TEST(invalid_utf8_is_found_at_its_place)
{
	size_t length = strlen(invalid[_i].text);

	ck_assert(!utf8_is_valid(invalid[_i].text, length));
	ck_assert_uint_eq(utf8_valid_length(invalid[_i].text, length), invalid[_i].valid);
}
END_TEST

START_TEST(columns_count_characters)
{
	static const char text[] = "a\n\xC3\xBC\xE2\x82\xAC"
				   "b\n";
	struct utf8_position first = utf8_position(text, 0), b = utf8_position(text, 7),
			     end = utf8_position(text, strlen(text));

	ck_assert_uint_eq(first.line, 1);
	ck_assert_uint_eq(first.column, 1);
	ck_assert_uint_eq(b.line, 2);
	ck_assert_uint_eq(b.column, 3);
	ck_assert_uint_eq(end.line, 3);
	ck_assert_uint_eq(end.column, 1);
}
END_TEST

START_TEST(a_byte_order_mark_has_three_bytes)
{
	ck_assert_uint_eq(utf8_mark_length("\xEF\xBB\xBFx", 4), 3);
	ck_assert_uint_eq(utf8_mark_length("\xEF\xBB\xBF", 2), 0);
	ck_assert_uint_eq(utf8_mark_length("", 0), 0);
}
END_TEST

static const struct {
	const char *text, *printable;
	size_t length; /* of the unprintable character at the beginning; 0: it is printable */
} printables[] = {{"\x1B[31m", "?[31m", 1}, {"\x7F", "?", 1}, {"\xC2\x9B", "??", 2},
    {"\xE2\x80\xAE", "???", 3}, {"\xEF\xBB\xBF", "???", 3}, {"\xF3\xA0\x81\x81", "????", 4},
    {"\xC3\xBC\xE2\x82\xAC", "\xC3\xBC\xE2\x82\xAC", 0}};

START_TEST(unprintable_characters_are_replaced_byte_by_byte)
{
	char text[16];
	unsigned int code;

	memcpy(text, printables[_i].text, strlen(printables[_i].text) + 1);
	ck_assert_uint_eq(
	    utf8_unprintable_length(text, strlen(text), &code), printables[_i].length);
	utf8_make_printable(text);
	ck_assert_str_eq(text, printables[_i].printable);
}
END_TEST

START_TEST(invalid_bytes_are_replaced)
{
	char text[] = "a\xC3(\xFF";

	utf8_make_printable(text);
	ck_assert_str_eq(text, "a?(?");
}
END_TEST

START_TEST(a_long_text_loses_its_middle_between_characters)
{
	char text[] = "beginning \xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC end";

	for (size_t most = strlen(text); most >= 3; most--) {
		utf8_shorten(text, most);
		ck_assert_uint_le(strlen(text), most);
		ck_assert(utf8_is_valid(text, strlen(text)));
	}
	ck_assert_str_eq(text, "...");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, every_character_is_encoded_as_valid_utf8);
	tcase_add_loop_test(tests, invalid_utf8_is_found_at_its_place, 0, COUNT(invalid));
	tcase_add_test(tests, columns_count_characters);
	tcase_add_test(tests, a_byte_order_mark_has_three_bytes);
	tcase_add_loop_test(
	    tests, unprintable_characters_are_replaced_byte_by_byte, 0, COUNT(printables));
	tcase_add_test(tests, invalid_bytes_are_replaced);
	tcase_add_test(tests, a_long_text_loses_its_middle_between_characters);
}

int main(void)
{
	return run_tests("utf8", add);
}
