// A sorted linked list.
#include <stdlib.h>
#include <string.h>
#include "tally.h"

struct word *list_insert(struct word **head, const char *text) {
    while (*head && strcmp((*head)->text, text) < 0) head = &(*head)->next;
    if (*head && strcmp((*head)->text, text) == 0) return *head;
    struct word *fresh = calloc(1, sizeof *fresh);
    fresh->text = strdup(text);
    fresh->next = *head;
    return *head = fresh;
}
