/** Denies until the script is there, and queues what is asked of it. Made by build.mjs. */
export function stub(): void;
