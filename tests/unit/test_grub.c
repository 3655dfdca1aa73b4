/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations of GRUB and the entries that they must yield. Each case reads like a piece of specification:
 *
 *     [*]ID | SUBMENUS > TITLE | KIND KERNEL [INITRDS] CMDLINE      "*" marks the default
 *     ! the problem, where there is one
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "cmocka_all.h"
#include "format/grub.h"
#include <string.h>

/* The files that a case has beside its configuration; "path" with NULL is a directory. */
struct memory_file {
	const char *path;
	const char *content;
};

struct grub_case {
	const char *name;
	const char *config;
	const char *entries;
	struct memory_file files[4];
};

static enum grub_file_kind memory_kind(void *context, const char *path)
{
	for (const struct memory_file *file = context; file->path; file++) {
		if (strcmp(file->path, path) != 0)
			continue;
		if (!file->content)
			return GRUB_FILE_DIRECTORY;
		return file->content[0] ? GRUB_FILE_REGULAR : GRUB_FILE_EMPTY;
	}
	return GRUB_FILE_MISSING;
}

static int memory_read(void *context, const char *path, size_t limit, struct buffer *content)
{
	for (const struct memory_file *file = context; file->path; file++) {
		if (strcmp(file->path, path) != 0 || !file->content)
			continue;
		if (strlen(file->content) > limit)
			return -E_TOO_LARGE;
		buffer_append_string(content, file->content);
		return 0;
	}
	return -E_NOT_FOUND;
}

static void write_entry(const struct entry *entry, struct buffer *out)
{
	buffer_append_format(out, "%s%s | ", entry->is_default ? "*" : "", entry->id);
	for (size_t i = 0; i < entry->submenu_count; i++)
		buffer_append_format(out, "%s > ", entry->submenu[i]);
	buffer_append_format(out, "%s | %s %s [", entry->title, entry_kind_name(entry->kind),
	                     entry->kernel ? entry->kernel : "-");
	for (size_t i = 0; i < entry->initrd_count; i++)
		buffer_append_format(out, "%s%s", i ? " " : "", entry->initrds[i]);
	buffer_append_format(out, "]%s%s\n", entry->cmdline[0] ? " " : "", entry->cmdline);
	for (size_t i = 0; i < entry->module_count; i++)
		buffer_append_format(out, "+ %s %s\n", entry->modules[i].path, entry->modules[i].args);
	if (entry->problem)
		buffer_append_format(out, "! %s\n", entry->problem);
}

static int parse(struct bytes text, const struct memory_file *memory, struct buffer *out, struct grub_report *report)
{
	const struct grub_files files = {(void *)(uintptr_t)memory, memory_kind, memory_read, NULL};
	const struct grub_config config = {text, "grub/grub.cfg", "/grub/grub.cfg", 0, &files};
	CLEANUP(entry_list_clear) struct entry_list list = {0};
	struct error error = {0};
	const int result = grub_parse(&config, &list, report, &error);

	for (size_t i = 0; i < list.count; i++)
		write_entry(&list.entries[i], out);
	return result;
}

#define ENTRY(title)    "menuentry '" title "' { linux /k }\n"
#define LINE(id, title) id " | " title " | linux /k []\n"

static const struct grub_case CASES[] = {
    {"an entry",
     "menuentry 'Debian' {\n\tlinux /vmlinuz root=/dev/sda1 ro quiet\n\tinitrd /initrd.img\n}\n",
     "*grub:0 | Debian | linux /vmlinuz [/initrd.img] root=/dev/sda1 ro quiet\n",
     {{0}}},
    {"nothing", "", "", {{0}}},
    {"only comments", "# menuentry 'x' { linux /k }\n\n   # y", "", {{0}}},
    {"all on one line",
     "menuentry A{linux /k a;initrd /i}menuentry B{linux /l}",
     "*grub:0 | A | linux /k [/i] a\ngrub:1 | B | linux /l []\n",
     {{0}}},
    {"carriage returns",
     "menuentry 'A' {\r\n linux /k a\r\n initrd /i\r\n}\r\n",
     "*grub:0 | A | linux /k [/i] a\n",
     {{0}}},
    {"no newline at the end", "menuentry A {\nlinux /k\n}", "*" LINE("grub:0", "A"), {{0}}},
    {"the names of the loaders of EFI and BIOS",
     "menuentry A { linux16 /k; initrd16 /i }\nmenuentry B { linuxefi /k; initrdefi /i }\n",
     "*grub:0 | A | linux /k [/i]\ngrub:1 | B | linux /k [/i]\n",
     {{0}}},
    {"several initrds in their order",
     "menuentry A { linux /k; initrd /intel-ucode.img /amd.img\t/initrd }\n",
     "*grub:0 | A | linux /k [/intel-ucode.img /amd.img /initrd]\n",
     {{0}}},
    {"the last kernel and the last initrd win",
     "menuentry A { linux /a x; initrd /i; linux /b y; initrd /j; initrd /k }",
     "*grub:0 | A | linux /b [/k] y\n",
     {{0}}},

    /* Quotes and backslashes */
    {"a quote of the other kind in a title",
     "menuentry \"Multi's 'quote'\" { linux /k }\n",
     "*" LINE("grub:0", "Multi's 'quote'"),
     {{0}}},
    {"escapes in double quotes",
     "menuentry \"a \\\"b\\\" \\$c \\\\ \\d\" { linux /k }\n",
     "*" LINE("grub:0", "a \"b\" $c \\ \\d"),
     {{0}}},
    {"no escapes in single quotes",
     "menuentry 'a \\ $b \"c\"' { linux /k }\n",
     "*" LINE("grub:0", "a \\ $b \"c\""),
     {{0}}},
    {"escapes outside quotes",
     "menuentry a\\ b\\;\\{\\}\\#\\'\\\" { linux /k }\n",
     "*" LINE("grub:0", "a b;{}#'\""),
     {{0}}},
    {"pieces joined to one word",
     "menuentry 'De'\"bi\"an { linux /vm'lin'uz }\n",
     "*grub:0 | Debian | linux /vmlinuz []\n",
     {{0}}},
    {"a continued line", "menuentry A {\n linux /k a \\\n  b\\\nc\n}\n", "*grub:0 | A | linux /k [] a bc\n", {{0}}},
    {"a quoted parameter with a space",
     "menuentry A { linux /k dyndbg=\"file a.c +p\" b='c' }\n",
     "*grub:0 | A | linux /k [] \"dyndbg=file a.c +p\" b=c\n",
     {{0}}},
    {"quotes kept for the kernel",
     "menuentry A { linux /k 'dyndbg=\"file a.c +p\"' x=\\\"y z\\\" }\n",
     "*grub:0 | A | linux /k [] dyndbg=\"file a.c +p\" x=\"y z\"\n",
     {{0}}},
    {"a parameter that the kernel cannot be told",
     "menuentry A { linux /k 'a\" \"b c' }\n",
     "*grub:0 | A | linux /k []\n! a word of the command line has a space and a quote in it, which the kernel cannot "
     "be told: "
     "a\" \"b c\n",
     {{0}}},
    {"a newline in a parameter",
     "menuentry A { linux /k 'a\nb' }\n",
     "*grub:0 | A | linux /k []\n! the command line has a control character (0x0a) in a word: a\\x0ab\n",
     {{0}}},
    {"a hash inside a word is no comment",
     "menuentry A#1 { linux /k#2 a#b # c\n}\n",
     "*grub:0 | A#1 | linux /k#2 [] a#b\n",
     {{0}}},
    {"the installer's dashes are no parameter",
     "menuentry A { linux /k quiet --- splash }\n",
     "*grub:0 | A | linux /k [] quiet splash\n",
     {{0}}},
    {"braces in quotes end nothing",
     "menuentry 'A }' { linux /k a='}' \"b={\" }\n" ENTRY("B"),
     "*grub:0 | A } | linux /k [] a=} b={\n" LINE("grub:1", "B"),
     {{0}}},
    {"braces without quotes are an error in GRUB",
     "menuentry A { linux /k a={b} }\n",
     "*grub:0 | A | linux /k [] a=\n! the command linux of the entry has braces outside quotes\n",
     {{0}}},

    /* Titles and options */
    {"options of an entry",
     "menuentry --class os 'Debian' --unrestricted --users \"\" --hotkey=d --id=deb $menuentry_id_option more { linux "
     "/k }\n",
     "*" LINE("grub:0", "Debian"),
     {{0}}},
    {"the title is the first argument of the commands",
     "menuentry A b 'c d' { linux /k $1 $2 $3 $# }\n",
     "*grub:0 | A | linux /k [] A b c d 3\n",
     {{0}}},
    {"UTF-8 and a bar in a title", "menuentry 'Größe | 1' { linux /k }\n", "*" LINE("grub:0", "Größe | 1"), {{0}}},

    /* Variables */
    {"variables in words",
     "set a=1\nb=\"x y\"\nmenuentry \"$a${a}z\" { linux /k-$a b=$b \"c=$b\" $none x$none }\n",
     "*grub:0 | 11z | linux /k-1 [] b=x y \"c=x y\" x\n",
     {{0}}},
    {"unset variables are empty",
     "menuentry A { linux /k$x a=${y} \"$z\" b }\n",
     "*grub:0 | A | linux /k [] a= b\n",
     {{0}}},
    {"unset", "set a=1; unset a\nmenuentry A { linux /k a=$a }\n", "*grub:0 | A | linux /k [] a=\n", {{0}}},
    {"an entry sees what the variable is in the end",
     "set a=1\nmenuentry A { linux /k $a }\nset a=2\n",
     "*grub:0 | A | linux /k [] 2\n",
     {{0}}},
    {"an entry changes nothing for the others",
     "set a=1\nmenuentry A { set a=2; linux /k $a }\nmenuentry B { linux /k $a }\n",
     "*grub:0 | A | linux /k [] 2\ngrub:1 | B | linux /k [] 1\n",
     {{0}}},
    {"a submenu sees what was exported",
     "set a=1; set b=2; export b\nsubmenu S { menuentry A { linux /k a=$a b=$b }\n set a=3 }\nmenuentry B { linux /k "
     "a=$a }\n",
     "*grub:0>0 | S > A | linux /k [] a=3 b=2\ngrub:1 | B | linux /k [] a=1\n",
     {{0}}},
    {"a dollar that names nothing",
     "menuentry 'A' { linux /k $ $(x) a$ ${} }\n" ENTRY("B"),
     "*grub:0 | A | linux /k [] $ $(x) a$ $\n! the command linux of the entry has braces outside quotes\n" LINE(
         "grub:1", "B"),
     {{0}}},

    /* Conditions */
    {"if, elif, else",
     "set a=2\nif [ $a = 1 ]; then set b=one; elif [ $a = 2 ]; then set b=two; else set b=more; fi\nmenuentry $b { "
     "linux /k }\n",
     "*" LINE("grub:0", "two"),
     {{0}}},
    {"nested if",
     "if [ x = y ]; then\n if true; then\n set a=1\n else\n set a=2\n fi\nelse\n if true\n then set a=3; fi\nfi\n"
     "menuentry A$a { linux /k }\n",
     "*" LINE("grub:0", "A3"),
     {{0}}},
    {"entries under conditions",
     "if [ 1 = 2 ]; then " ENTRY("A") " else " ENTRY("B") " fi\n" ENTRY("C"),
     "*" LINE("grub:0", "B") LINE("grub:1", "C"),
     {{0}}},
    {"an inner brace does not end the entry",
     "menuentry A {\n if true; then {\n }\n fi\n linux /k\n}\n" ENTRY("B"),
     "*" LINE("grub:0", "A") LINE("grub:1", "B"),
     {{0}}},
    {"operators of test",
     "if [ -n \"\" -o -z \"\" -a ! a = b ]; then a=1; fi\nif [ 10 -gt 9 -a 1 -le 1 -a ( 1 -eq 2 -o 3 -ne 4 ) ]; then "
     "b=2; fi\n"
     "if [ \"\" ]; then c=3; fi\nif test a != b; then d=4; fi\nif [ a '<' b ]; then e=5; fi\n"
     "menuentry \"$a$b$c$d$e\" { linux /k }\n",
     "*" LINE("grub:0", "1245"),
     {{0}}},
    {"tests of files",
     "if [ -f /f -a -s /f -a -e /d -a -d /d ]; then a=1; fi\nif [ -s /e -o -f /none -o -d /f ]; then b=2; fi\n"
     "if [ -f $prefix/../f ]; then c=3; fi\nif [ -f (hd3,msdos7)/f ]; then d=4; fi\nmenuentry \"$a$b$c$d\" { linux /k "
     "}\n",
     "*" LINE("grub:0", "134"),
     {{"/f", "x"}, {"/e", ""}, {"/d", NULL}}},
    {"the features that grub-mkconfig asks for",
     "if [ x$feature_platform_search_hint = xy -a x\"${feature_menuentry_id}\" = xy ]; then a=1; fi\n"
     "if [ \"$grub_platform\" = efi ]; then b=2; fi\nmenuentry \"$a$b\" { linux /k }\n",
     "*" LINE("grub:0", "1"),
     {{0}}},
    {"the status of a command",
     "false\nset a=$?\ntrue\nmenuentry $a$? { linux /k }\n",
     "*" LINE("grub:0", "10"),
     {{0}}},
    {"a command that is not known fails, and the entry goes on",
     "menuentry A { if hwmatch x 3; then linux /no; fi; frobnicate { x }; linux /k }\n",
     "*" LINE("grub:0", "A"),
     {{0}}},

    /* Loops and functions */
    {"for",
     "for v in 1 '2 3' $none 4; do\n menuentry \"K $v\" { linux /k }\ndone\n",
     "*" LINE("grub:0", "K 1") LINE("grub:1", "K 2 3") LINE("grub:2", "K 4"),
     {{0}}},
    {"while, until, break and continue",
     "a=; while [ \"$a\" != xxx ]; do a=x$a; done\nb=; until [ \"$b\" = yy ]; do b=y$b; done\n"
     "for c in 1 2 3 4; do if [ $c = 2 ]; then continue; fi; if [ $c = 4 ]; then break; fi; d=$d$c; done\n"
     "menuentry $a$b$d { linux /k }\n",
     "*" LINE("grub:0", "xxxyy13"),
     {{0}}},
    {"functions",
     "function kernel {\n if [ $# = 0 ]; then return; fi\n linux /k-$1 $2\n shift\n set left=\"$*\"\n}\n"
     "menuentry A { kernel; kernel 6 quiet x; initrd /i-$left }\n",
     "*grub:0 | A | linux /k-6 [/i-quiet /x] quiet\n",
     {{0}}},

    /* Submenus and the default */
    {"submenus in submenus",
     "submenu S { submenu T { " ENTRY("A") " }\n" ENTRY("B") " }\n" ENTRY("C"),
     "*grub:0>0>0 | S > T > A | linux /k []\ngrub:0>1 | S > B | linux /k []\n" LINE("grub:1", "C"),
     {{0}}},
    {"default by number",
     "set default=\"1\"\n" ENTRY("A") ENTRY("B"),
     LINE("grub:0", "A") "*" LINE("grub:1", "B"),
     {{0}}},
    {"default by title", "default=B\n" ENTRY("A") ENTRY("B"), LINE("grub:0", "A") "*" LINE("grub:1", "B"), {{0}}},
    {"default by id",
     "set default=b\nmenuentry A --id a { linux /k }\nmenuentry B $menuentry_id_option b { linux /k }\n",
     "*" LINE("grub:0", "A") LINE("grub:1", "B"),
     {{0}}},
    {"default by the option that grub-mkconfig sets",
     "menuentry_id_option=\"--id\"\nset default=b\nmenuentry A $menuentry_id_option 'a' { linux /k }\nmenuentry B "
     "$menuentry_id_option 'b' { linux /k }\n",
     LINE("grub:0", "A") "*" LINE("grub:1", "B"),
     {{0}}},
    {"default by a way of numbers",
     "set default='1>1'\n" ENTRY("A") "submenu S { " ENTRY("B") ENTRY("C") " }\n",
     LINE("grub:0", "A") "grub:1>0 | S > B | linux /k []\n*grub:1>1 | S > C | linux /k []\n",
     {{0}}},
    {"default by a way of titles and ids",
     "set default='S>c'\n" ENTRY("A") "submenu S { " ENTRY("B") "menuentry C --id=c { linux /k }\n }\n",
     LINE("grub:0", "A") "grub:1>0 | S > B | linux /k []\n*grub:1>1 | S > C | linux /k []\n",
     {{0}}},
    {"default by a title with an angle",
     "set default='a>>b'\n" ENTRY("A") ENTRY("a>b"),
     LINE("grub:0", "A") "*" LINE("grub:1", "a>b"),
     {{0}}},
    {"a title that begins with a digit is no number",
     "set default='1 b'\n" ENTRY("A") ENTRY("B") ENTRY("1 b"),
     LINE("grub:0", "A") LINE("grub:1", "B") "*" LINE("grub:2", "1 b"),
     {{0}}},
    {"default is a submenu: its first entry",
     "set default=1\n" ENTRY("A") "submenu S { " ENTRY("B") " }\n",
     LINE("grub:0", "A") "*grub:1>0 | S > B | linux /k []\n",
     {{0}}},
    {"default names nothing: the first entry",
     "set default=Z\n" ENTRY("A") ENTRY("B"),
     "*" LINE("grub:0", "A") LINE("grub:1", "B"),
     {{0}}},
    {"default is too large: the first entry",
     "set default=7\n" ENTRY("A") ENTRY("B"),
     "*" LINE("grub:0", "A") LINE("grub:1", "B"),
     {{0}}},
    {"default is empty", "set default=\"${saved_entry}\"\n" ENTRY("A"), "*" LINE("grub:0", "A"), {{0}}},
    {"default is a submenu without entries",
     "set default=0\nsubmenu S { }\n" ENTRY("A"),
     "*" LINE("grub:1", "A"),
     {{0}}},
    {"default is the saved entry",
     "if [ -s $prefix/grubenv ]; then load_env; fi\nset default=\"${saved_entry}\"\n" ENTRY("A") ENTRY("B"),
     LINE("grub:0", "A") "*" LINE("grub:1", "B"),
     {{"/grub/grubenv", "# GRUB Environment Block\nsaved_entry=B\n####"}}},
    {"default is the next entry, once",
     "load_env\nif [ \"${next_entry}\" ]; then set default=\"${next_entry}\"; set next_entry=; save_env next_entry; "
     "else set "
     "default=0; fi\n" ENTRY("A") ENTRY("B"),
     LINE("grub:0", "A") "*" LINE("grub:1", "B"),
     {{"/grub/grubenv", "# GRUB Environment Block\nsaved_entry=A\nnext_entry=1\n"}}},
    {"a broken grubenv chooses nothing",
     "load_env\nset default=\"${saved_entry}\"\n" ENTRY("A") ENTRY("B"),
     "*" LINE("grub:0", "A") LINE("grub:1", "B"),
     {{"/grub/grubenv", "saved_entry=B\n"}}},

    /* Paths */
    {"devices always mean this file system",
     "search --fs-uuid --set=other 1234\nset root='hd1,msdos2'\nmenuentry A { linux (hd0,gpt2)/k; initrd ($root)/i "
     "($other)/j (lvm/vg-lv)//l/./m }\n",
     "*grub:0 | A | linux /k [/i /j /l/m]\n",
     {{0}}},
    {"the prefix is the directory of the configuration",
     "menuentry A { linux $prefix/../k; initrd ${config_directory}/i }\n",
     "*grub:0 | A | linux /k [/grub/i]\n",
     {{0}}},
    {"a path without a slash is below the root",
     "menuentry A { linux k/l; initrd i }\n",
     "*grub:0 | A | linux /k/l [/i]\n",
     {{0}}},
    {"a path that leads out",
     "menuentry A { linux /../k }\nmenuentry B { linux /k; initrd /a/../../i }\n",
     "*grub:0 | A | linux - []\n! the kernel /../k leads out of the file system (\"..\")\n"
     "grub:1 | B | linux /k []\n! the initrd /a/../../i leads out of the file system (\"..\")\n",
     {{0}}},
    {"a kernel in an image file",
     "menuentry A { loopback loop /a.iso; linux (loop)/k; initrd /i }\n"
     "menuentry B { loopback l2 /b.iso; set root=(l2); linux /k }\n",
     "*grub:0 | A | linux - [/i]\n! the kernel (loop)/k lies inside an image file (loopback)\n"
     "grub:1 | B | linux - []\n! the kernel /k lies inside an image file (loopback)\n",
     {{0}}},

    /* Other files */
    {"custom.cfg",
     "if [ -f ${config_directory}/custom.cfg ]; then\n source ${config_directory}/custom.cfg\nelif [ -z "
     "\"${config_directory}\" -a -f "
     "$prefix/custom.cfg ]; then\n source $prefix/custom.cfg;\nfi\n" ENTRY("A"),
     "*grub:0 | Mine | linux /k [] mine\n" LINE("grub:1", "A"),
     {{"/grub/custom.cfg", "set m=mine\nmenuentry Mine { linux /k $m }\n"}}},
    {"a stub that leads elsewhere",
     "search.fs_uuid 12-34 root hd0,gpt2\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n",
     "*" LINE("grub:0", "A"),
     {{"/boot/grub/grub.cfg", ENTRY("A")}}},
    {"a file that sources itself",
     ENTRY("A") "source /grub/a.cfg\n",
     "*" LINE("grub:0", "A") LINE("grub:1", "B") LINE("grub:2", "B") LINE("grub:3", "B") LINE("grub:4", "B")
         LINE("grub:5", "B") LINE("grub:6", "B") LINE("grub:7", "B") LINE("grub:8", "B") LINE("grub:9", "B")
             LINE("grub:10", "B") LINE("grub:11", "B") LINE("grub:12", "B") LINE("grub:13", "B") LINE("grub:14", "B")
                 LINE("grub:15", "B"),
     {{"/grub/a.cfg", ENTRY("B") "source /grub/a.cfg\n"}}},
    {"a file that is not there", "source /grub/none.cfg\nconfigfile /x\n" ENTRY("A"), "*" LINE("grub:0", "A"), {{0}}},

    /* Entries of other kinds */
    {"Xen",
     "menuentry 'Xen' {\n multiboot2 /xen-4.17.gz placeholder dom0_mem=1G\n module2 /vmlinuz placeholder "
     "root=/dev/sda1 ro\n module2 --nounzip /initrd\n}\n",
     "*grub:0 | Xen | xen /xen-4.17.gz [] placeholder dom0_mem=1G\n+ /vmlinuz placeholder root=/dev/sda1 ro\n+ /initrd "
     "\n",
     {{0}}},
    {"multiboot",
     "menuentry M { multiboot /tool.elf a b; module /m }\n",
     "*grub:0 | M | multiboot /tool.elf [] a b\n+ /m \n",
     {{0}}},
    {"chainloader",
     "menuentry W { chainloader --force (hd0,1)/EFI/Microsoft/bootmgfw.efi }\nmenuentry B { chainloader +1 }\n",
     "*grub:0 | W | chainload /EFI/Microsoft/bootmgfw.efi []\n"
     "grub:1 | B | chainload - []\n! the boot loader +1 names sectors of a disk and no file\n",
     {{0}}},
    {"an entry that starts nothing",
     "menuentry 'UEFI Firmware Settings' { fwsetup }\nmenuentry E { }\n" ENTRY("A"),
     "*grub:0 | UEFI Firmware Settings | linux - []\n! the entry starts no kernel: its last command is fwsetup\n"
     "grub:1 | E | linux - []\n! the entry starts no kernel\n" LINE("grub:2", "A"),
     {{0}}},
    {"an entry that opens another menu",
     "menuentry A { configfile /x.cfg }\n",
     "*grub:0 | A | linux - []\n! the entry opens another menu (/x.cfg), which is not read from here\n",
     {{0}}},
    {"an initrd before its kernel",
     "menuentry A { initrd /i; linux /k }\n",
     "*grub:0 | A | linux /k []\n! the configuration names an initrd before any kernel\n",
     {{0}}},

    /* What is broken */
    {"an entry that does not end",
     ENTRY("A") "menuentry B {\n linux /k\n",
     "*" LINE("grub:0", "A") LINE("grub:1", "B") "! the configuration ends in the middle of this entry\n",
     {{0}}},
    {"a quote that does not end", ENTRY("A") "menuentry 'B {\n linux /k\n}\n", "*" LINE("grub:0", "A"), {{0}}},
    {"braces too many", "}\n}}" ENTRY("A") "}\n" ENTRY("B"), "*" LINE("grub:0", "A") LINE("grub:1", "B"), {{0}}},
    {"words of conditions without their beginning",
     "fi; done; else then do\n" ENTRY("A"),
     "*" LINE("grub:0", "A"),
     {{0}}},
    {"a condition that does not end", "if true; then " ENTRY("A"), "*" LINE("grub:0", "A"), {{0}}},
    {"an entry without a title", "menuentry { linux /k }\nmenuentry\n" ENTRY("A"), "*" LINE("grub:0", "A"), {{0}}},
};

static void test_cases(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		CLEANUP(buffer_clear) struct buffer out = {0};
		struct grub_report report;
		assert_int_equal(parse(bytes_from_string(CASES[i].config), CASES[i].files, &out, &report), 0);
		if (strcmp(buffer_string(&out), CASES[i].entries) == 0)
			continue;
		failed++;
		print_error("case \"%s\"\nexpected:\n%sfound:\n%s\n", CASES[i].name, CASES[i].entries,
		            buffer_string(&out));
	}
	assert_int_equal(failed, 0);
}

/* Real configurations: tests/data/grub/NAME.cfg and NAME.expected; README.md there says where they come from. */
static void test_distributions(void **state)
{
	static const char *const names[] = {"debian-10", "debian-12",     "ubuntu-16.04",   "ubuntu-22.04",
	                                    "opensuse",  "debian-12-xen", "fedora-efi-stub"};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP(buffer_clear) struct buffer config = {0}, path = {0};
		CLEANUP(buffer_clear) struct buffer expected = {0}, out = {0};
		static const struct memory_file files[] = {{"/grub2/grub.cfg", ENTRY("from grub2")}, {NULL, NULL}};
		struct grub_report report;
		struct error error;
		buffer_append_format(&path, TEST_DATA "/grub/%s.cfg", names[i]);
		assert_int_equal(file_read(buffer_string(&path), GRUB_MAX_TEXT, &config, &error), 0);
		path.size -= strlen("cfg");
		buffer_append_string(&path, "expected");
		assert_int_equal(file_read(buffer_string(&path), GRUB_MAX_TEXT, &expected, &error), 0);
		assert_int_equal(parse(buffer_bytes(&config), files, &out, &report), 0);
		if (bytes_equal(buffer_bytes(&out), buffer_bytes(&expected)))
			continue;
		failed++;
		print_error("%s\nexpected:\n%sfound:\n%s\n", names[i], buffer_string(&expected), buffer_string(&out));
	}
	assert_int_equal(failed, 0);
}

/* Commands in titles, paths and parameters are characters. The parser has no way to start anything: what this shows is
 * that nothing of the text is dropped or replaced either. */
static void test_A11_commands_are_characters(void **state)
{
	CLEANUP(buffer_clear) struct buffer out = {0};
	static const struct memory_file none[] = {{NULL, NULL}};
	struct grub_report report;

	(void)state;
	assert_int_equal(
	    parse(bytes_from_string("menuentry 'x $(reboot) `reboot`' { linux /k$(reboot) `reboot` $(touch${x}/y) "
	                            "a=$(reboot) \"$(reboot)\" }\n"
	                            "menuentry \"$(reboot) `halt`\" { linux /k }\n"),
	          none, &out, &report),
	    0);
	assert_string_equal(
	    buffer_string(&out),
	    "*grub:0 | x $(reboot) `reboot` | linux /k$(reboot) [] `reboot` $(touch/y) a=$(reboot) $(reboot)\n"
	    "grub:1 | $(reboot) `halt` | linux /k []\n");
}

/* size bytes of a pattern, repeated. */
static void fill(struct buffer *text, const char *pattern, size_t size)
{
	const size_t length = strlen(pattern);

	for (size_t i = 0; i < size; i += length)
		buffer_append(text, pattern, length);
}

/* Each of these has to come back soon and with a word about what was left out. The time is counted by the runner: the
 * whole takes seconds with sanitizers; quadratic work would take hours. */
static void test_A11_bounded_work(void **state)
{
	static const struct {
		const char *name;
		const char *before;
		const char *repeated;
		size_t size;
		const char *notice; /* a part of it, or NULL */
	} cases[] = {
	    {"a megabyte in a word", "menuentry A { linux /k a=", "x", 1 << 20, NULL},
	    {"ten megabytes of blanks", "", " ", 10 << 20, NULL},
	    {"ten megabytes of comment", "#", "x", 10 << 20, NULL},
	    {"ten megabytes of entries", "", "menuentry 'A' { linux /k a b c; initrd /i }\n", 10 << 20,
	     "more than 1000 entries"},
	    {"braces in each other", "menuentry A ", "{", 1 << 20, NULL},
	    {"submenus in each other", "", "submenu S {\n", 1 << 20, "nested deeper"},
	    {"conditions in each other", "", "if true; then\n", 1 << 20, "nested deeper"},
	    {"conditions not taken in each other", "", "if false; then\n", 1 << 20, NULL},
	    {"loops in each other", "", "while true; do\n", 1 << 18, "nested deeper"},
	    {"an endless loop", "while true; do a=1; done\n", "# \n", 100, "loop was left"},
	    {"endless loops in each other",
	     "while true; do while true; do while true; do while true; do a=1; done; done; done; done\n", "# \n", 100,
	     NULL},
	    {"a function that calls itself", "function f { f; f; f; f; f; f; f; f }\nf\n", "# \n", 100,
	     "nested deeper"},
	    {"a value that doubles", "a=xxxxxxxx\n", "a=$a$a\n", 7 * 40, "left out"},
	    {"many variables", "", "set a$b=1; b=x$b\n", 1 << 18, NULL},
	    {"words beyond count", "menuentry A { linux /k ", "a ", 1 << 18, NULL},
	    {"variables without a brace", "menuentry A { linux /k ", "${a", 1 << 20, NULL},
	    {"quotes", "", "\"'", 1 << 20, NULL},
	    {"backslashes", "menuentry ", "\\", 1 << 20, NULL},
	    {"stray words", "", "fi }; then { done ", 1 << 20, NULL},
	    {"unknown commands", "", "aa bb;", 10 << 20, NULL},
	};
	static const struct memory_file none[] = {{NULL, NULL}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buffer_clear) struct buffer text = {0}, out = {0};
		struct grub_report report;
		buffer_append_string(&text, cases[i].before);
		fill(&text, cases[i].repeated, cases[i].size);
		assert_int_equal(parse(buffer_bytes(&text), none, &out, &report), 0);
		if (cases[i].notice && !strstr(report.notice, cases[i].notice))
			fail_msg("%s: the notice is \"%s\"", cases[i].name, report.notice);
	}
}

static void test_limits_of_an_entry(void **state)
{
	static const struct memory_file none[] = {{NULL, NULL}};
	CLEANUP(buffer_clear) struct buffer text = {0}, out = {0};
	struct grub_report report;

	(void)state;
	buffer_append_string(&text, "menuentry A { linux /k a=");
	fill(&text, "x", 100000);
	buffer_append_string(&text, " }\nmenuentry B { linux /k b }\n");
	assert_int_equal(parse(buffer_bytes(&text), none, &out, &report), 0);
	assert_string_equal(buffer_string(&out), "*grub:0 | A | linux - []\n! a command of the entry is longer than "
	                                         "65536 bytes or has more than 4096 words\n"
	                                         "grub:1 | B | linux /k [] b\n");
	text.size = 0;
	fill(&text, "#", GRUB_MAX_TEXT + 1);
	assert_int_equal(parse(buffer_bytes(&text), none, &out, &report), -E_TOO_LARGE);
}

/* grubenv is unsigned: whatever it sets, the entries are the same, and only the default moves. */
static void test_A12_grubenv_only_chooses(void **state)
{
	static const char config[] =
	    "load_env\nset default=\"${saved_entry}\"\n"
	    "if [ \"${recordfail}\" != 1 ]; then mode=keep; else mode=text; fi\n"
	    "if [ \"$evil\" ]; then menuentry Evil { linux /evil }\nfi\n"
	    "menuentry A { load_env; linux /k mode=$mode init=$init $kernelopts saved=$saved_entry }\n"
	    "submenu S { load_env; menuentry B { linux /k$evil init=$init }\n }\n";
	static const struct memory_file files[] = {
	    {"/grub/grubenv", "# GRUB Environment Block\nsaved_entry=S>B\nrecordfail=1\nevil=1\ninit=/bin/sh\n"
	                      "kernelopts=init=/bin/sh\nroot=loop\nprefix=/evil\ngrub_platform=efi\n"},
	    {NULL, NULL}};
	static const struct memory_file none[] = {{NULL, NULL}};
	CLEANUP(buffer_clear) struct buffer with = {0}, without = {0};
	struct grub_report report;

	(void)state;
	assert_int_equal(parse(bytes_from_string(config), none, &without, &report), 0);
	assert_string_equal(buffer_string(&without), "*grub:0 | A | linux /k [] mode=keep init= saved=\n"
	                                             "grub:1>0 | S > B | linux /k [] init=\n");
	assert_int_equal(parse(bytes_from_string(config), files, &with, &report), 0);
	assert_string_equal(buffer_string(&with), "grub:0 | A | linux /k [] mode=keep init= saved=\n"
	                                          "*grub:1>0 | S > B | linux /k [] init=\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),
	    cmocka_unit_test(test_distributions),
	    cmocka_unit_test(test_A11_commands_are_characters),
	    cmocka_unit_test(test_A11_bounded_work),
	    cmocka_unit_test(test_limits_of_an_entry),
	    cmocka_unit_test(test_A12_grubenv_only_chooses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
