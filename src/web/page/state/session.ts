import type { SessionAnswer } from "../../api/operating-answers.ts";
import { useAnswer } from "./answers.ts";

/** Who looks at the page, and what the server says of itself to every view. */
export const useSession = (): SessionAnswer | undefined => useAnswer<SessionAnswer>("/api/session").value;
