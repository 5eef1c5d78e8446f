import type { FastifyError, FastifyInstance } from "fastify";
import { ZodError } from "zod";
import { Failure } from "../domain/failure.ts";

/** What the page is told when something goes wrong: a sentence and what to do. Never SQL, never a stack. */
export interface ErrorAnswer {
  readonly error: string;
  readonly remedy: string;
}

/** A request that cannot be answered. */
export class WebProblem extends Error {
  readonly status: number;
  readonly remedy: string;

  constructor(status: number, message: string, remedy: string) {
    super(message);
    this.status = status;
    this.remedy = remedy;
  }
}

const codeOf = (error: unknown): string => {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "";
};

const lostMessages =
  /connection terminated|timeout exceeded when trying to connect|not queryable|client was closed/i;

/** Whether the database could not be reached or hung up, rather than refused the statement. */
export const isDatabaseGone = (error: unknown): boolean => {
  const code = codeOf(error);
  return (
    /^(08|57P|53300)/.test(code) ||
    ["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"].includes(code) ||
    // Postgres ends the connection with it, or never lets it begin.
    (error as { severity?: unknown }).severity === "FATAL" ||
    (error instanceof AggregateError && error.errors.some(isDatabaseGone)) ||
    (error instanceof Error && lostMessages.test(error.message))
  );
};

const sentence = ({ issues }: ZodError): string =>
  issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");

const explain = (error: unknown): { readonly status: number; readonly problem: ErrorAnswer } => {
  if (error instanceof ZodError)
    return {
      status: 400,
      problem: { error: sentence(error), remedy: "correct the address, or start again from the overview" },
    };
  if (error instanceof WebProblem)
    return { status: error.status, problem: { error: error.message, remedy: error.remedy } };
  if (error instanceof Failure)
    return { status: 503, problem: { error: error.message, remedy: error.remedy } };
  if (isDatabaseGone(error))
    return {
      status: 503,
      problem: {
        error: "the database does not answer",
        remedy: "the page tries again by itself; costper doctor says what is wrong",
      },
    };
  // Cancelled by our own statement_timeout.
  if (codeOf(error) === "57014")
    return {
      status: 503,
      problem: { error: "the answer took too long", remedy: "choose a shorter range or fewer accounts" },
    };
  // Class 22 of Postgres' codes: a value of the request that the database cannot take.
  if (codeOf(error).length === 5 && codeOf(error).startsWith("22"))
    return {
      status: 400,
      problem: { error: "a value of the request cannot be taken", remedy: "mend the request" },
    };
  const { statusCode } = error as FastifyError;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return {
      status: statusCode,
      problem: { error: (error as Error).message, remedy: "correct the request" },
    };
  return {
    status: 500,
    problem: { error: "something went wrong on the server", remedy: "its log says what" },
  };
};

/** Turns whatever a route threw into an answer that a person can use, and logs what is our own fault. */
export const answerFailures = (app: FastifyInstance): void => {
  app.setErrorHandler((error, request, reply) => {
    const { status, problem } = explain(error);
    if (status >= 500) request.log.error({ err: error, route: request.routeOptions.url }, "request failed");
    // A route may have named its file before it failed.
    reply.removeHeader("content-disposition");
    return reply.code(status).type("application/json").header("cache-control", "no-store").send(problem);
  });
};
