/** How far a service is in its life: readiness and connections go by it. */
export interface Lifecycle {
  /** It will end: no more work should be sent here, and readiness says so. What is sent is done. */
  readonly stopping: boolean;
  /** Connections come to their end: each reply is the last of its own. */
  readonly closing: boolean;
  beginStop(): void;
  beginClosing(): void;
}

export function createLifecycle(): Lifecycle {
  let stopping = false;
  let closing = false;
  return {
    get stopping() {
      return stopping;
    },
    get closing() {
      return closing;
    },
    beginStop() {
      stopping = true;
    },
    beginClosing() {
      stopping = true;
      closing = true;
    },
  };
}
