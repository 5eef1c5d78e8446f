import { useState } from "preact/hooks";
import { refresh } from "./answers.ts";
import { ApiProblem, send, type ChangingMethod } from "./api.ts";

/** Sends something to the server; `problem` says why it was not taken. */
export const useAttempt = (path: string, method: ChangingMethod, onDone: (answer: unknown) => void) => {
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();
  const start = async (body: unknown): Promise<void> => {
    setSending(true);
    setProblem(undefined);
    try {
      onDone(await send(path, body, method));
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error.message : "that did not work");
    } finally {
      setSending(false);
    }
  };
  return { sending, problem, start: (body?: unknown): void => void start(body) };
};

/** Sends a change to the server: the page is drawn anew once it is made. */
export const useSending = (path: string, method: ChangingMethod = "POST", onDone?: () => void) =>
  useAttempt(path, method, () => {
    onDone?.();
    refresh();
  });
