/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCRs that a ROM file will lead to, from the file alone: PCR 2 as coreboot measures its parts, PCR 7 as PID 1
 * measures the owner's files. */
#ifndef HEADS_ATTEST_PREDICT_H
#define HEADS_ATTEST_PREDICT_H

#include "base/digest.h"
#include "rom/image.h"

/* PCR 2 after the firmware. coreboot measures FMAP regions and CBFS files as they are stored (compressed ones too), in
 * the order in which it needs them: of an ordinary build, or (log not empty) as an event log's events of PCR 2 name
 * them. coreboot 4.15, src/security/tpm/tspi/crtm.c.
 * Errors: -E_MALFORMED (image, log), -E_NOT_FOUND (a part that is measured is not in the image), -E_UNSUPPORTED (an
 * event whose name is not coreboot's). */
int predict_firmware(const struct rom_image *image, enum hash_algorithm bank, struct bytes log, struct digest *ret_pcr,
                     struct error *error);
/* PCR 7 after PID 1: of each owner's file the name, then the content. Errors: those of owner_files_read. */
int predict_owner_files(const struct rom_image *image, enum hash_algorithm bank, struct digest *ret_pcr,
                        struct error *error);

#endif
