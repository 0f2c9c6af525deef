/** How far a service is in its life: readiness and connections go by it. */
export interface Lifecycle {
  readonly stopping: boolean;
  beginStop(): void;
}

export function createLifecycle(): Lifecycle {
  let stopping = false;
  return {
    get stopping() {
      return stopping;
    },
    beginStop() {
      stopping = true;
    },
  };
}
