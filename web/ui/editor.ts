import { clockTime } from "./time";

// How long after the last keystroke a draft is saved.
const pause = 800;

export function enhanceEditors(root: ParentNode): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-editor]")) enhance(form);
}

function enhance(form: HTMLFormElement): void {
  const build = form.querySelector<HTMLButtonElement>("[data-build]");
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      form.requestSubmit(build);
    }
  });
  const hint = form.querySelector<HTMLElement>("[data-shortcut]");
  if (hint) {
    hint.textContent = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘ Enter builds" : "Ctrl+Enter builds";
    hint.hidden = false;
  }
  keepDraft(form);
  form.addEventListener("submit", (event) => {
    if (event.submitter !== build || !build) return;
    build.textContent = "Building…";
    // Only after the form's data is collected: a disabled button would not be part of it.
    setTimeout(() => (build.disabled = true));
  });
  // Coming back with the browser's Back shows the page as it was left.
  addEventListener("pageshow", () => {
    if (!build) return;
    build.disabled = false;
    build.textContent = "Build & grade";
  });
}

// keepDraft saves what is typed a moment after the last keystroke, one request at a time, the latest text last.
function keepDraft(form: HTMLFormElement): void {
  const url = form.dataset["draft"];
  const status = form.querySelector("[data-status]");
  const revision = form.querySelector<HTMLInputElement>("input[name=revision]");
  if (!url || !status || !revision) return;

  let timer = 0;
  let saving = false;
  let changed = false;

  const save = async (): Promise<void> => {
    if (saving) return;
    saving = true;
    while (changed) {
      changed = false;
      status.textContent = await send(url, form, revision);
    }
    saving = false;
  };
  form.addEventListener("input", () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(() => void save(), pause);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    changed = false;
  });
}

// send saves the form's files as the draft and says what became of it.
async function send(url: string, form: HTMLFormElement, revision: HTMLInputElement): Promise<string> {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
  try {
    const response = await fetch(url, { method: "POST", headers: { Accept: "application/json" }, body });
    const answer = (await response.json()) as { revision?: number; error?: string };
    if (!response.ok || answer.revision === undefined) return `Not saved. ${answer.error ?? ""}`;
    revision.value = String(answer.revision);
    return `Saved ${clockTime(new Date())}`;
  } catch {
    return "Not saved: the server does not answer. Your text is still here; it is saved with the next change.";
  }
}
