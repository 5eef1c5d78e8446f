import type { OpenSource } from "../source.ts";
import type { LiveagentSettings } from "./type.ts";
const open: OpenSource<LiveagentSettings> = () => ({ streams: [], async *check() {}, close: async () => undefined });
export default open;
