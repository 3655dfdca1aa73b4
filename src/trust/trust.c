/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trust/trust.h"
#include "base/cleanup.h"

static const char *const state_names[TRUST_STATES] = {
    [TRUST_STARTED] = "started",   [TRUST_READ] = "read",
    [TRUST_VERIFIED] = "verified", [TRUST_REFUSED] = "refused",
    [TRUST_FORCED] = "forced",     [TRUST_MEASURED] = "measured",
    [TRUST_RELEASED] = "released", [TRUST_MEASURED_FORCED] = "measured-forced",
    [TRUST_LOADED] = "loaded",
};

static const char *const event_names[TRUST_EVENTS] = {
    [TRUST_DID_READ] = "read",   [TRUST_DID_VERIFY] = "verify",         [TRUST_DID_REFUSE] = "refuse",
    [TRUST_DID_FORCE] = "force", [TRUST_DID_MEASURE] = "measure",       [TRUST_DID_RELEASE] = "release",
    [TRUST_DID_LOAD] = "load",   [TRUST_DID_START_OVER] = "start over",
};

/* Everything that is allowed; what is not here is refused. RELEASE follows MEASURED alone, which follows VERIFIED
 * alone: a forced boot has no way to a secret. */
static const struct {
	enum trust_state from;
	enum trust_event event;
	enum trust_state to;
} steps[] = {
    {TRUST_STARTED, TRUST_DID_READ, TRUST_READ},
    {TRUST_READ, TRUST_DID_VERIFY, TRUST_VERIFIED},
    {TRUST_READ, TRUST_DID_REFUSE, TRUST_REFUSED},
    {TRUST_VERIFIED, TRUST_DID_REFUSE, TRUST_REFUSED},
    {TRUST_REFUSED, TRUST_DID_FORCE, TRUST_FORCED},
    {TRUST_VERIFIED, TRUST_DID_MEASURE, TRUST_MEASURED},
    {TRUST_FORCED, TRUST_DID_MEASURE, TRUST_MEASURED_FORCED},
    {TRUST_MEASURED, TRUST_DID_RELEASE, TRUST_RELEASED},
    {TRUST_MEASURED, TRUST_DID_LOAD, TRUST_LOADED},
    {TRUST_RELEASED, TRUST_DID_LOAD, TRUST_LOADED},
    {TRUST_MEASURED_FORCED, TRUST_DID_LOAD, TRUST_LOADED},
    {TRUST_STARTED, TRUST_DID_START_OVER, TRUST_STARTED},
    {TRUST_READ, TRUST_DID_START_OVER, TRUST_STARTED},
    {TRUST_VERIFIED, TRUST_DID_START_OVER, TRUST_STARTED},
    {TRUST_REFUSED, TRUST_DID_START_OVER, TRUST_STARTED},
    {TRUST_FORCED, TRUST_DID_START_OVER, TRUST_STARTED},
    {TRUST_MEASURED, TRUST_DID_START_OVER, TRUST_STARTED},
    {TRUST_MEASURED_FORCED, TRUST_DID_START_OVER, TRUST_STARTED},
};

static const struct trust_way_out ways_out[TRUST_EXITS] = {
    [TRUST_EXIT_BOOT] = {"boot", "handover", true, true, true},
    [TRUST_EXIT_RECOVERY] = {"recovery", "recovery", false, false, false},
    [TRUST_EXIT_REBOOT] = {"reboot", "handover", true, false, false},
    [TRUST_EXIT_POWER_OFF] = {"power-off", "handover", true, false, false},
    [TRUST_EXIT_CRASH] = {"crash", "crash", false, false, false},
};

static int find_step(enum trust_state from, enum trust_event event)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (steps[i].from == from && steps[i].event == event)
			return (int)i;
	return -1;
}

bool trust_may(const struct trust *trust, enum trust_event event)
{
	return find_step(trust->state, event) >= 0;
}

int trust_step(struct trust *trust, enum trust_event event, struct error *error)
{
	int index = find_step(trust->state, event);

	if (index < 0)
		return error_set(error, E_ORDER, event_names[event], "\"%s\" must not follow \"%s\" in a boot",
		                 event_names[event], trust_state_name(trust->state));
	trust->state = steps[index].to;
	return 0;
}

const char *trust_state_name(enum trust_state state)
{
	return state_names[state];
}

const struct trust_way_out *trust_leave(enum trust_exit exit)
{
	return &ways_out[exit];
}
