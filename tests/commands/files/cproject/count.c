// Splits a line into words and counts them.
#include <string.h>
#include "tally.h"

int count_words(struct word **head, char *line) {
    int n = 0;
    for (char *w = strtok(line, " \t\n"); w; w = strtok(NULL, " \t\n")) {
        list_insert(head, w)->count++;
        n++;
    }
    return n;
}
