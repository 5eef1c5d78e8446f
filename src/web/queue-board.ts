import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import type { Queue } from "bullmq";
import type { FastifyInstance } from "fastify";

/** The job board at `/queues`. */
export const queueBoard =
  (queues: readonly Queue[]) =>
  async (app: FastifyInstance): Promise<void> => {
    const serverAdapter = new FastifyAdapter();
    serverAdapter.setBasePath("/queues");
    // The adapter's types come from a copy of the api of its own.
    const adapter = serverAdapter as unknown as Parameters<typeof createBullBoard>[0]["serverAdapter"];
    createBullBoard({ queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter: adapter });
    await app.register(serverAdapter.registerPlugin(), { prefix: "/queues" });
  };
