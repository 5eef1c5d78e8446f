import { Hidden } from "../parts/words.tsx";
import { useSession } from "../state/session.ts";

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
