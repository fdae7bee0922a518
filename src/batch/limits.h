/*
 * limits.h: what one batch and one profile may hold, by Adobe's
 * documentation of the Bulk Profile Update API.
 */
#ifndef TP_BATCH_LIMITS_H
#define TP_BATCH_LIMITS_H

/*
 * "The batch file must be less than 50 MB": counted on the encoded body, its
 * "batch=" included.  MB or MiB is not said, so MB, the smaller.
 */
#define BATCH_BYTES 49999999

/*
 * "500,000 rows": whether the header is one is not said.  The documented
 * status of a batch with one row has batchSize 1, so it is not.
 */
#define BATCH_ROWS 500000

/*
 * "64 KB" of external data in a profile, from all sources together.  KB or
 * KiB is not said, so KB.  Names and values are counted, decoded.
 */
#define BATCH_PROFILE_BYTES 64000

/* What a body begins with. */
#define BATCH_PREFIX "batch="
#define BATCH_PREFIX_LEN 6

/* Which identifier a batch has in its first column. */
enum batch_id { BATCH_ID_NONE, BATCH_ID_PC, BATCH_ID_THIRD_PARTY };

#define BATCH_NAME_PC "pcId"
#define BATCH_NAME_THIRD_PARTY "thirdPartyId"

#endif
