/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the TPM 2.0 Library Specification, Part 2 (Structures), under its own names. Only those that Heads uses.
 */
#ifndef HEADS_TPM_TPM2_CONSTANTS_H
#define HEADS_TPM_TPM2_CONSTANTS_H

/* TPM_ST */
#define TPM_ST_NO_SESSIONS 0x8001
#define TPM_ST_SESSIONS    0x8002

/* TPM_CC */
#define TPM_CC_EvictControl               0x0120
#define TPM_CC_NV_UndefineSpace           0x0122
#define TPM_CC_Clear                      0x0126
#define TPM_CC_ClearControl               0x0127
#define TPM_CC_HierarchyChangeAuth        0x0129
#define TPM_CC_NV_DefineSpace             0x012a
#define TPM_CC_PCR_Allocate               0x012b
#define TPM_CC_ClockRateAdjust            0x0130
#define TPM_CC_CreatePrimary              0x0131
#define TPM_CC_NV_Increment               0x0134
#define TPM_CC_NV_Write                   0x0137
#define TPM_CC_DictionaryAttackLockReset  0x0139
#define TPM_CC_DictionaryAttackParameters 0x013a
#define TPM_CC_Startup                    0x0144
#define TPM_CC_Shutdown                   0x0145
#define TPM_CC_NV_Read                    0x014e
#define TPM_CC_PolicyNV                   0x0149
#define TPM_CC_PolicySecret               0x0151
#define TPM_CC_Create                     0x0153
#define TPM_CC_HMAC                       0x0155
#define TPM_CC_Load                       0x0157
#define TPM_CC_Quote                      0x0158
#define TPM_CC_Unseal                     0x015e
#define TPM_CC_FlushContext               0x0165
#define TPM_CC_NV_ReadPublic              0x0169
#define TPM_CC_PolicyAuthValue            0x016b
#define TPM_CC_PolicyCounterTimer         0x016d
#define TPM_CC_PolicyOR                   0x0171
#define TPM_CC_ReadPublic                 0x0173
#define TPM_CC_StartAuthSession           0x0176
#define TPM_CC_GetCapability              0x017a
#define TPM_CC_GetRandom                  0x017b
#define TPM_CC_PCR_Read                   0x017e
#define TPM_CC_PolicyPCR                  0x017f
#define TPM_CC_PolicyRestart              0x0180
#define TPM_CC_ReadClock                  0x0181
#define TPM_CC_PCR_Extend                 0x0182
#define TPM_CC_PolicyAuthorizeNV          0x0192

/* TPM_ALG_ID (hashes: enum hash_algorithm) */
#define TPM_ALG_RSA       0x0001
#define TPM_ALG_HMAC      0x0005
#define TPM_ALG_AES       0x0006
#define TPM_ALG_KEYEDHASH 0x0008
#define TPM_ALG_NULL      0x0010
#define TPM_ALG_ECC       0x0023
#define TPM_ALG_CFB       0x0043
#define TPM_ECC_NIST_P256 0x0003

/* TPM_HANDLE */
#define TPM_RH_OWNER         0x40000001u
#define TPM_RH_NULL          0x40000007u
#define TPM_RS_PW            0x40000009u
#define TPM_RH_LOCKOUT       0x4000000au
#define TPM_RH_ENDORSEMENT   0x4000000bu
#define TPM_RH_PLATFORM      0x4000000cu
#define TPM_HT_NV_FIRST      0x01000000u
#define TPM_HT_SESSION_FIRST 0x02000000u /* loaded sessions, HMAC and policy, when asked of GetCapability */
#define TPM_HT_OBJECT_FIRST  0x80000000u /* transient objects */
#define TPM_HT_KEPT_FIRST    0x81000000u /* persistent objects */
#define TPM_HT_MASK          0xff000000u

/* TPM_CLOCK_ADJUST */
#define TPM_CLOCK_NO_CHANGE 0

/* TPM_EO */
#define TPM_EO_EQ 0x0000

/* TPM_SE, TPM_SU */
#define TPM_SE_HMAC   0x00
#define TPM_SE_POLICY 0x01
#define TPM_SU_CLEAR  0x0000

/* TPMA_SESSION */
#define TPMA_SESSION_CONTINUE        0x01
#define TPMA_SESSION_DECRYPT         0x20
#define TPMA_SESSION_ENCRYPT         0x40
#define TPMA_SESSION_AUDIT_EXCLUSIVE 0x02
#define TPMA_SESSION_AUDIT           0x80

/* TPMA_OBJECT */
#define TPMA_OBJECT_FIXED_TPM             0x00000002u
#define TPMA_OBJECT_FIXED_PARENT          0x00000010u
#define TPMA_OBJECT_SENSITIVE_DATA_ORIGIN 0x00000020u
#define TPMA_OBJECT_USER_WITH_AUTH        0x00000040u
#define TPMA_OBJECT_ADMIN_WITH_POLICY     0x00000080u
#define TPMA_OBJECT_NO_DA                 0x00000400u
#define TPMA_OBJECT_RESTRICTED            0x00010000u
#define TPMA_OBJECT_DECRYPT               0x00020000u
#define TPMA_OBJECT_SIGN                  0x00040000u

/* TPMA_NV */
#define TPMA_NV_PPWRITE        0x00000001u
#define TPMA_NV_OWNERWRITE     0x00000002u
#define TPMA_NV_POLICYWRITE    0x00000008u
#define TPMA_NV_COUNTER        0x00000010u /* TPM_NT_COUNTER in TPM_NT */
#define TPMA_NV_TYPE           0x000000f0u
#define TPMA_NV_PPREAD         0x00010000u
#define TPMA_NV_OWNERREAD      0x00020000u
#define TPMA_NV_AUTHREAD       0x00040000u
#define TPMA_NV_NO_DA          0x02000000u
#define TPMA_NV_WRITTEN        0x20000000u
#define TPMA_NV_PLATFORMCREATE 0x40000000u

/* TPM_CAP, TPM_PT */
#define TPM_CAP_HANDLES                   1
#define TPM_CAP_PCRS                      5
#define TPM_CAP_TPM_PROPERTIES            6
#define TPM_PT_FIXED                      0x100u
#define TPM_PT_MANUFACTURER               0x105u
#define TPM_PT_FIRMWARE_VERSION_1         0x10bu
#define TPM_PT_FIRMWARE_VERSION_2         0x10cu
#define TPM_PT_PERMANENT                  0x200u
#define TPM_PT_PERMANENT_OWNER_AUTH       0x001u
#define TPM_PT_PERMANENT_ENDORSEMENT_AUTH 0x002u
#define TPM_PT_PERMANENT_LOCKOUT_AUTH     0x004u
#define TPM_PT_PERMANENT_DISABLE_CLEAR    0x100u
#define TPM_PT_PERMANENT_IN_LOCKOUT       0x200u
#define TPM_PT_LOCKOUT_COUNTER            0x20eu
#define TPM_PT_MAX_AUTH_FAIL              0x20fu
#define TPM_PT_LOCKOUT_INTERVAL           0x210u
#define TPM_PT_LOCKOUT_RECOVERY           0x211u

/* TPM_RC. Where bit 7 is set (format one) the low six bits are the error; the rest says which handle, parameter or
 * session it was: TPM_RC_REASON takes that away. */
#define TPM_RC_SUCCESS       0x000u
#define TPM_RC_BAD_TAG       0x01eu
#define TPM_RC_FORMAT_ONE    0x080u
#define TPM_RC_ASYMMETRIC    0x081u
#define TPM_RC_KEY_SIZE      0x087u
#define TPM_RC_HASH          0x083u
#define TPM_RC_VALUE         0x084u
#define TPM_RC_HIERARCHY     0x085u
#define TPM_RC_TYPE          0x08au
#define TPM_RC_HANDLE        0x08bu
#define TPM_RC_AUTH_FAIL     0x08eu
#define TPM_RC_SCHEME        0x092u
#define TPM_RC_POLICY_FAIL   0x09du
#define TPM_RC_BAD_AUTH      0x0a2u
#define TPM_RC_CURVE         0x0a6u
#define TPM_RC_INITIALIZE    0x100u
#define TPM_RC_FAILURE       0x101u
#define TPM_RC_POLICY        0x126u
#define TPM_RC_PCR_CHANGED   0x128u
#define TPM_RC_COMMAND_CODE  0x143u
#define TPM_RC_NV_RANGE      0x146u
#define TPM_RC_NV_UNWRITTEN  0x14au
#define TPM_RC_NV_SPACE      0x14bu
#define TPM_RC_OBJECT_MEMORY 0x902u
#define TPM_RC_SESSION_FULL  0x903u
#define TPM_RC_YIELDED       0x908u
#define TPM_RC_TESTING       0x90au
#define TPM_RC_REFERENCE_S0  0x918u
#define TPM_RC_NV_RATE       0x920u
#define TPM_RC_LOCKOUT       0x921u
#define TPM_RC_RETRY         0x922u
#define TPM_RC_REASON(code)  (((code)&0x80u) ? ((code)&0x0bfu) : (code))

#endif
