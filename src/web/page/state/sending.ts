import { useState } from "preact/hooks";
import { refresh } from "./answers.ts";
import { ApiProblem, send } from "./api.ts";

/** Sends a change to the server: the page is drawn anew once it is made, else `problem` says why it was not. */
export const useSending = (path: string) => {
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();
  const start = async (body: unknown): Promise<void> => {
    setSending(true);
    setProblem(undefined);
    try {
      await send(path, body);
      refresh();
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error.message : "that did not work");
    } finally {
      setSending(false);
    }
  };
  return { sending, problem, start: (body: unknown): void => void start(body) };
};
