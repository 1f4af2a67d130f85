// Counts how often each word comes.
#ifndef TALLY_H
#define TALLY_H

struct word {
    char *text;
    int count;
    struct word *next;
};

struct word *list_insert(struct word **head, const char *text);
int count_words(struct word **head, char *line);

#endif
