#include "base/exit.h"

enum exit_code
exit_worse(enum exit_code a, enum exit_code b)
{
	/* Indexed by code: how much each asks of the user. */
	static const int weight[] = {0, 1, 7, 2, 6, 3, 4, 5};

	return weight[a] >= weight[b] ? a : b;
}
