/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka wants these before itself. */
#ifndef HEADS_TESTS_UNIT_CMOCKA_ALL_H
#define HEADS_TESTS_UNIT_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
