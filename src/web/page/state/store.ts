import { useLayoutEffect, useState } from "preact/hooks";

/** A value that several parts of the page watch: who uses it is drawn again when it changes. */
export interface Store<Value> {
  readonly get: () => Value;
  readonly set: (value: Value) => void;
  /** Returns what ends it. */
  readonly watch: (changed: () => void) => () => void;
}

export const store = <Value>(first: Value): Store<Value> => {
  let now = first;
  const watchers = new Set<() => void>();
  return {
    get: () => now,
    set: (value) => {
      if (Object.is(value, now)) return;
      now = value;
      for (const changed of watchers) changed();
    },
    watch: (changed) => {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
  };
};

export const useStore = <Value>({ get, watch }: Store<Value>): Value => {
  const [value, setValue] = useState(get);
  useLayoutEffect(() => {
    const changed = (): void => setValue(get);
    // What changed between drawing and watching.
    changed();
    return watch(changed);
  }, [get, watch]);
  return value;
};
