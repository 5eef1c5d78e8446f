import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance } from "fastify";
import type { GuardOptions } from "./access.ts";

const guessesAMinute = 10;

/**
 * Counts wrong tokens and forged cookies by the sender's address. Only wrong ones: whoever shows the right token is
 * let in, also from an address that others guess from.
 */
export const limitGuesses = async (
  app: FastifyInstance,
): Promise<NonNullable<GuardOptions["access"]>["countGuess"]> => {
  await app.register(rateLimit, { global: false });
  const limit = app.createRateLimit({ max: guessesAMinute, timeWindow: "1 minute" });
  return async (request) => {
    const verdict = await limit(request);
    return !verdict.isAllowed && verdict.isExceeded ? verdict.ttlInSeconds : undefined;
  };
};
