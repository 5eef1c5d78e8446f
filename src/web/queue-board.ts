import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import type { Queue } from "bullmq";
import type { FastifyInstance } from "fastify";

/** How long an answer of the board may take. */
const answerMs = 10_000;

/** The job board at `/queues`; read-only where no token guards it. */
export const queueBoard =
  (queues: readonly Queue[], { readOnly }: { readonly readOnly: boolean }) =>
  async (app: FastifyInstance): Promise<void> => {
    const serverAdapter = new FastifyAdapter();
    serverAdapter.setBasePath("/queues");
    // The adapter's types come from a copy of the api of its own.
    const adapter = serverAdapter as unknown as Parameters<typeof createBullBoard>[0]["serverAdapter"];
    createBullBoard({
      queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: readOnly })),
      serverAdapter: adapter,
    });
    // The board asks a font server of the internet for its letters: the policy forbids it, and the machine's own do.
    app.addHook("onSend", async (request, _reply, payload) => {
      if (typeof payload !== "string") return payload;
      if (!request.url.startsWith("/queues/api/")) return payload.replace(/<link href="https:[^>]*>/, "");
      // A reader is shown no buttons: what they do would be refused.
      return request.identity?.role === "reader"
        ? payload.replaceAll('"readOnlyMode":false', '"readOnlyMode":true')
        : payload;
    });
    // A Redis that is away is waited for without end.
    app.addHook("onRoute", (route) => void (route.handlerTimeout = answerMs));
    await app.register(serverAdapter.registerPlugin(), { prefix: "/queues" });
  };
