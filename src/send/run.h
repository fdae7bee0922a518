/*
 * run.h: one run of tp-send: takes each batch of a stream, sends it, and sees
 * to it that what was not accepted is kept.
 *
 * One thread reads, `jobs` threads send; at most jobs + 1 batches are in
 * memory.  With one job batches are settled in the order of the stream.
 */
#ifndef TP_SEND_RUN_H
#define TP_SEND_RUN_H

#include "batch/reader.h"
#include "send/counts.h"
#include "send/report.h"
#include "send/settings.h"

/*
 * Runs until the stream ends, or a signal came; what comes of it is told to the
 * report.  counts is all zero before, and to be freed by counts_free.
 */
enum exit_code run_send(const struct send_settings *settings,
    struct report *report, struct batch_reader *reader, struct counts *counts);

#endif
