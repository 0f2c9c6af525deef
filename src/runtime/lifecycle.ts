/** The stages of a service's shutdown, which readiness and connections follow. */
export interface Lifecycle {
  /** Shutdown has started. Readiness fails; requests are still served. */
  readonly stopping: boolean;
  /** Connections are being closed: each response is the last on its connection. */
  readonly closing: boolean;
  beginStop(): void;
  beginClosing(): void;
}

/** Creates the lifecycle of a running service. */
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
