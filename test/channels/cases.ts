import { type Classification, classify, type VisitInput } from "../../src/metrics/channels/classify.ts";
import { loadSourceLists } from "../../src/metrics/channels/lists.ts";

export const lists = await loadSourceLists();

export const channelOf = (input: VisitInput): string => classify(input, lists).channel;

export const seen = (input: VisitInput): Classification => classify(input, lists);
