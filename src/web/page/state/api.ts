import type { ErrorAnswer } from "../../failures.ts";
import { parameter } from "./address.ts";

/** An answer that was not one, with what to do. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly remedy: string;

  constructor(status: number, { error, remedy }: ErrorAnswer) {
    super(error);
    this.status = status;
    this.remedy = remedy;
  }
}

const lost: ErrorAnswer = { error: "the server does not answer", remedy: "check that costper is running" };

const request = async <Answer>(path: string, init: RequestInit): Promise<Answer> => {
  const response = await fetch(path, init).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem(0, lost);
  });
  // Without a session any more: the server shows the login and leads back here.
  if (response.status === 401) location.reload();
  const body = (await response.json().catch(() => lost)) as Answer | ErrorAnswer;
  if (!response.ok || body === lost)
    throw new ApiProblem(response.ok ? 0 : response.status, body as ErrorAnswer);
  return body as Answer;
};

/** The address of an API call that takes some of the page's own parameters along. */
export const apiPath = (
  path: string,
  names: readonly string[],
  extra: Readonly<Record<string, string | undefined>> = {},
): string => {
  const query = new URLSearchParams();
  for (const name of names) {
    const value = parameter(name);
    if (value !== undefined && value !== "") query.set(name, value);
  }
  for (const [name, value] of Object.entries(extra)) if (value !== undefined) query.set(name, value);
  return `/api/${path}?${query.toString()}`;
};

export const ask = <Answer>(path: string, signal: AbortSignal): Promise<Answer> =>
  request(path, { signal, headers: { accept: "application/json" } });

export type ChangingMethod = "POST" | "PUT" | "DELETE";

export const send = <Answer>(path: string, body: unknown, method: ChangingMethod = "POST"): Promise<Answer> =>
  request(path, {
    method,
    ...(body !== undefined && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
