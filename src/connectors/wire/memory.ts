import type { Memory } from "../connector.ts";

/** Keeps what it is told for as long as the process lives. */
export const processMemory = (): Memory => {
  const texts = new Map<string, string>();
  return {
    recall: async (key) => texts.get(key),
    keep: async (key, text) => void texts.set(key, text),
    forget: async (keys) => keys.forEach((key) => texts.delete(key)),
  };
};
