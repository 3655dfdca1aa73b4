/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/report.h"
#include "base/cleanup.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *report_kind_name(enum verify_kind kind)
{
	static const char *const names[] = {
	    [VERIFY_CHANGED] = "changed", [VERIFY_ADDED] = "added",           [VERIFY_REMOVED] = "removed",
	    [VERIFY_RETYPED] = "retyped", [VERIFY_UNREADABLE] = "unreadable",
	};
	return names[kind];
}

static void append_detail(const struct verify_finding *finding, struct buffer *text)
{
	text_escape(bytes_from_string(finding->detail ? finding->detail : ""), text);
}

void report_finding(const struct verify_finding *finding, struct buffer *text)
{
	buffer_append_byte(text, '/');
	text_escape(bytes_from_string(finding->path), text);
	buffer_append_string(text, ": ");
	switch (finding->kind) {
	case VERIFY_CHANGED:
		if (finding->found == TREE_LINK) {
			buffer_append_string(text, "the link points to another place than was signed, to ");
			append_detail(finding, text);
		} else {
			buffer_append_string(text, "its content is not what was signed");
		}
		break;
	case VERIFY_ADDED:
		buffer_append_format(text, "%s that was not signed", tree_type_name(finding->found));
		break;
	case VERIFY_REMOVED:
		buffer_append_string(text, "was signed and is missing");
		break;
	case VERIFY_RETYPED:
		buffer_append_format(text, "is %s now", tree_type_name(finding->found));
		if (finding->expected == TREE_UNKNOWN)
			buffer_append_string(text, ", and was a link or a directory when it was signed");
		else
			buffer_append_format(text, ", and was %s when it was signed",
			                     tree_type_name(finding->expected));
		break;
	case VERIFY_UNREADABLE:
		append_detail(finding, text);
		break;
	}
}

void report_verdict(const struct verify_result *result, struct buffer *text)
{
	size_t counts[VERIFY_UNREADABLE + 1] = {0};
	const char *between = "refused: ";

	if (result->ok) {
		buffer_append_format(text, "verified: %" PRIu64 " files, %" PRIu64 " bytes, signed by %s",
		                     result->files, result->bytes, result->signer);
		return;
	}
	if (result->signature != VERIFY_GOOD) {
		buffer_append_format(text, "refused: the signature is %s", verify_signature_name(result->signature));
		between = "; ";
	}
	if (result->signature == VERIFY_GOOD && result->finding_count == 0 && result->reason[0])
		buffer_append_format(text, "refused: %s", result->reason);
	for (size_t i = 0; i < result->finding_count; i++)
		counts[result->findings[i].kind]++;
	for (size_t kind = 0; kind < ARRAY_SIZE(counts); kind++) {
		if (counts[kind] == 0)
			continue;
		buffer_append_format(text, "%s%zu %s", between, counts[kind], report_kind_name((enum verify_kind)kind));
		between = ", ";
	}
}

const char *report_interrupted(enum verify_interrupted interrupted)
{
	static const char *const sentences[] = {
	    [VERIFY_NOT_INTERRUPTED] = "",
	    [VERIFY_INTERRUPTED_OLD] =
	        "the last signing was interrupted before it was complete: the signatures before it are in force",
	    [VERIFY_INTERRUPTED_NEW] = "the last signing was interrupted and is complete all the same: it is in force",
	};
	return sentences[interrupted];
}

/* Moves the text to the end of the lines; false without memory. */
static bool add_line(struct report *report, struct buffer *text)
{
	const char *string = buffer_string(text);
	char *copy = string ? strdup(string) : NULL;

	buffer_clear(text);
	if (!copy)
		return false;
	report->lines[report->count++] = copy;
	return true;
}

static bool add_findings(struct report *report, const struct verify_result *result, const struct changes *changes)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	bool ok = true;

	report->first_finding = report->count;
	for (size_t i = 0; ok && i < changes->count; i++) {
		const struct change_group *group = &changes->groups[i];

		buffer_append_string(&text, group->sentence);
		ok = add_line(report, &text);
		for (size_t j = 0; ok && j < group->count; j++) {
			buffer_append_string(&text, "  ");
			report_finding(&result->findings[group->findings[j]], &text);
			ok = add_line(report, &text);
		}
	}
	report->finding_count = report->count - report->first_finding;
	return ok;
}

int report_make(const struct verify_result *result, const struct entry_list *entries, struct report *ret_report)
{
	CLEANUP(report_clear) struct report report = {0};
	CLEANUP(changes_clear) struct changes changes = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	bool ok;

	report.lines = calloc(2 * result->finding_count + 5, sizeof(*report.lines));
	if (!report.lines || changes_group(result, entries, &changes) < 0)
		return -E_MEMORY;
	report_verdict(result, &text);
	ok = add_line(&report, &text);
	if (ok && result->reason[0] && (result->signature != VERIFY_GOOD || result->finding_count > 0)) {
		buffer_append_string(&text, result->reason);
		ok = add_line(&report, &text);
	}
	ok = ok && add_findings(&report, result, &changes);
	if (ok && !result->has_types && result->files > 0) {
		buffer_append_string(&text, "signed by the original Heads: the targets of links were not checked");
		ok = add_line(&report, &text);
	}
	if (ok && result->interrupted != VERIFY_NOT_INTERRUPTED) {
		buffer_append_string(&text, report_interrupted(result->interrupted));
		ok = add_line(&report, &text);
	}
	if (ok && result->counter_file) {
		buffer_append_string(&text, "/kexec_hotp_counter is not signed, which is its nature");
		ok = add_line(&report, &text);
	}
	if (!ok)
		return -E_MEMORY;
	*ret_report = report;
	report = (struct report){0};
	return 0;
}

void report_clear(struct report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->lines[i]);
	free(report->lines);
	*report = (struct report){0};
}
