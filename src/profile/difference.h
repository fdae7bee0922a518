/*
 * difference.h: how the header of a further file differs from the first one.
 */
#ifndef TP_PROFILE_DIFFERENCE_H
#define TP_PROFILE_DIFFERENCE_H

#include "base/error.h"
#include "profile/header.h"

/*
 * r, which is good CSV, is not the header h again.  Fills in e, with
 * EXIT_INPUT: the first column that is another one, and its place.  file is
 * the name of r's, first that of the file that h is from, both escaped.
 */
void difference_tell(const struct header *h, const struct csv_record *r,
    const struct header_options *options, const char *file, const char *first,
    struct error *e);

#endif
