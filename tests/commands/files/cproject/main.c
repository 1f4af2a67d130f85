// Reads standard input and prints each word with its count.
#include <stdio.h>
#include "tally.h"

int main(void) {
    struct word *words = NULL;
    char line[4096];
    while (fgets(line, sizeof line, stdin)) count_words(&words, line);
    for (struct word *w = words; w; w = w->next) printf("%s %d\n", w->text, w->count);
    return 0;
}
