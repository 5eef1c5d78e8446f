import type { SessionAnswer } from "../../api/operating-answers.ts";
import { Hidden } from "../parts/words.tsx";
import { useAnswer } from "../state/answers.ts";

/** Who looks at the page, and what the server says of itself to every view. */
export const useSession = (): SessionAnswer | undefined => useAnswer<SessionAnswer>("/api/session").value;

/** How many alerts fire, beside their name in the navigation; nothing where none does. */
export const FiringBadge = () => {
  const firing = useSession()?.firing ?? 0;
  return firing === 0 ? null : (
    <>
      {" "}
      <span class="count">
        {firing}
        <Hidden> firing</Hidden>
      </span>
    </>
  );
};

/** Ends the session on the server. Who came without a token has none to end. */
export const SignOut = () => {
  const session = useSession();
  if (session?.role == null) return null;
  const who = session.role === "reader" ? `${session.name ?? ""}, reading` : (session.name ?? "");
  return (
    <form method="post" action="/logout" class="sign-out">
      <button class="quiet" title={`Signed in: ${who}`}>
        Sign out
      </button>
    </form>
  );
};
