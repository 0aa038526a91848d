/* Returns what there is to say. */
const char *greeting(void);
