import { useState } from "preact/hooks";
import type { NoteAnswer } from "../../api/operating-answers.ts";
import { dayText } from "../format.ts";
import { SendingProblem } from "../parts/sending-problem.tsx";
import { Card, Hidden } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { parameter } from "../state/address.ts";
import { useAnswer } from "../state/answers.ts";
import { apiPath } from "../state/api.ts";
import { useSending } from "../state/sending.ts";
import { Field } from "../parts/field.tsx";

interface Notes {
  readonly range: { readonly to: string };
  readonly notes: readonly NoteAnswer[];
  readonly may_write: boolean;
}

type Scope = Readonly<Record<"platform" | "account" | "campaign", string | undefined>>;

const about = (note: NoteAnswer): string =>
  note.campaign_name ??
  note.campaign_id ??
  note.account_name ??
  note.account_id ??
  (note.platform === null ? "everything" : platformName(note.platform));

const scopeOf = ({ platform, account_id, campaign_id }: NoteAnswer): Scope => ({
  platform: platform ?? undefined,
  account: platform === null || account_id === null ? undefined : `${platform}:${account_id}`,
  campaign: campaign_id ?? undefined,
});

/** A new note, or one that is changed. */
const NoteForm = ({
  note,
  day,
  scope,
  onDone,
}: {
  readonly note?: NoteAnswer;
  readonly day: string;
  readonly scope: Scope;
  readonly onDone: () => void;
}) => {
  const { sending, problem, start } = useSending(
    note === undefined ? "/api/notes" : `/api/notes/${note.id}`,
    note === undefined ? "POST" : "PUT",
    onDone,
  );
  return (
    <form
      class="silence note-form"
      aria-label={note === undefined ? "A new note" : "Change the note"}
      onSubmit={(event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget);
        start({ date: given.get("date"), text: given.get("text"), ...scope });
      }}
    >
      <Field label="Day">
        <input type="date" name="date" required defaultValue={note?.date ?? day} />
      </Field>
      <Field label="What happened" grow>
        <input
          name="text"
          required
          maxLength={500}
          placeholder="new landing page"
          defaultValue={note?.text ?? ""}
        />
      </Field>
      <button disabled={sending}>{note === undefined ? "Add the note" : "Save"}</button>
      <button type="button" class="quiet" onClick={onDone}>
        Cancel
      </button>
      <SendingProblem problem={problem} />
    </form>
  );
};

const Note = ({ note, mayWrite }: { readonly note: NoteAnswer; readonly mayWrite: boolean }) => {
  const [isOpen, setOpen] = useState(false);
  const { sending, problem, start } = useSending(`/api/notes/${note.id}`, "DELETE");
  if (isOpen)
    return (
      <li>
        <NoteForm note={note} day={note.date} scope={scopeOf(note)} onDone={() => setOpen(false)} />
      </li>
    );
  return (
    <li>
      <time dateTime={note.date}>{dayText(note.date)}</time>
      <span class="grow">
        {note.text} <span class="dim small">{about(note)}</span>
      </span>
      {mayWrite && (
        <span class="actions">
          <button class="quiet" onClick={() => setOpen(true)}>
            Change<Hidden> the note: {note.text}</Hidden>
          </button>
          <button class="quiet" disabled={sending} onClick={() => start()}>
            Delete<Hidden> the note: {note.text}</Hidden>
          </button>
          <SendingProblem problem={problem} />
        </span>
      )}
    </li>
  );
};

/** What people know of the days that are shown. A new note is about what the view is about. */
export const NotesCard = () => {
  const [isOpen, setOpen] = useState(false);
  const { value } = useAnswer<Notes>(
    apiPath("notes", ["range", "from", "to", "platform", "account", "campaign"]),
  );
  if (value === undefined || (value.notes.length === 0 && !value.may_write)) return null;
  const scope: Scope = {
    platform: parameter("platform"),
    account: parameter("account"),
    campaign: parameter("campaign"),
  };
  return (
    <Card title="Notes">
      {value.notes.length > 0 && (
        <ul class="events notes">
          {value.notes.map((note) => (
            <Note key={note.id} note={note} mayWrite={value.may_write} />
          ))}
        </ul>
      )}
      {value.may_write &&
        (isOpen ? (
          <NoteForm day={value.range.to} scope={scope} onDone={() => setOpen(false)} />
        ) : (
          <button onClick={() => setOpen(true)}>Add a note</button>
        ))}
    </Card>
  );
};
