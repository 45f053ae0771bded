import type {
  Language,
  Level,
  PasskeySignIn,
  RightsInfo,
  SecondStep,
  SessionInfo,
  SetupState,
  SignIn,
  SignInCode,
} from "@diskret/api";
import { call, configureApi } from "../api";
import { i18n } from "../i18n/index.svelte";
import { router } from "../shell/router.svelte";

type Area = Exclude<keyof RightsInfo, "conversations">;

/** Who is signed in. `undefined` while unknown, `null` while nobody is. */
class Session {
  info = $state.raw<SessionInfo | null | undefined>(undefined);
  setupNeeded = $state(false);
  #last: string | null = null;

  get canRead(): boolean {
    return this.info != null && this.info.rights.conversations.level !== "off";
  }
  get canWrite(): boolean {
    return this.info?.rights.conversations.level === "write";
  }
  get seesAll(): boolean {
    return this.info != null && this.info.rights.conversations.reach !== "own";
  }
  /** What the role allows in an area of the settings. */
  level(area: Area): Level {
    return this.info?.rights[area] ?? "off";
  }
  get me(): string {
    return this.info?.operator.id ?? "";
  }

  async start(): Promise<void> {
    try {
      this.#take(await call<SessionInfo>("GET", "/api/session", undefined, true));
    } catch (error) {
      if ((error as { status?: number }).status !== 401) throw error;
      this.setupNeeded = (await call<SetupState>("GET", "/api/setup", undefined, true)).needed;
      this.info = null;
    }
  }

  /** The token for the second step, where a code is needed. */
  async signIn(request: SignIn): Promise<string | null> {
    const answer = await call<SessionInfo | SecondStep>("POST", "/api/session", request, true);
    if ("token" in answer) return answer.token;
    await this.#welcome(answer);
    return null;
  }

  async signInWithCode(request: SignInCode): Promise<void> {
    await this.#welcome(await call<SessionInfo>("POST", "/api/session/code", request, true));
  }

  async signInWithPasskey(request: PasskeySignIn): Promise<void> {
    await this.#welcome(await call<SessionInfo>("POST", "/api/session/passkey", request, true));
  }

  async #welcome(info: SessionInfo): Promise<void> {
    // Somebody else at this screen: nothing of the person before may stay in memory.
    if (this.#last && this.#last !== info.operator.id) {
      location.reload();
      // Not a step further with the new session: what the other person left unsent must not go out under this name.
      return new Promise<never>(() => {});
    }
    this.#take(info);
  }

  async refresh(): Promise<void> {
    this.#take(await call<SessionInfo>("GET", "/api/session"));
    this.setupNeeded = false;
  }

  /** Whether somebody is still signed in; takes over what their role may now. */
  async recheck(): Promise<boolean> {
    try {
      this.#take(await call<SessionInfo>("GET", "/api/session"));
      return true;
    } catch (error) {
      return (error as { status?: number }).status !== 401;
    }
  }

  /** Chosen here, and remembered with the account for other devices. Failing to remember it hinders nobody. */
  speak(language: Language): void {
    i18n.choose(language);
    if (this.info) call<SessionInfo>("PATCH", "/api/session", { language }).catch(() => {});
  }

  async signOut(): Promise<void> {
    await call("DELETE", "/api/session");
    location.assign("/sign-in");
  }

  /** The server no longer knows us. What was written stays in memory until the same person is back. */
  expire(): void {
    if (!this.info) return;
    this.info = null;
    const here = location.pathname + location.search;
    router.go(`/sign-in?expired&to=${encodeURIComponent(here)}`, true);
  }

  #take(info: SessionInfo): void {
    this.#last = info.operator.id;
    // The same once more is no news to anybody who reads it.
    if (JSON.stringify(info) !== JSON.stringify(this.info)) this.info = info;
    i18n.suggest(info.language);
  }
}

export const session = new Session();
configureApi({ signedOut: () => session.expire(), language: () => i18n.language });
