// The small static program that rows of exec run.
int main(void) {
    return 0;
}
