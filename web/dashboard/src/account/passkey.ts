// Passkeys as browsers make and use them (WebAuthn). Bytes travel as base64url.
import type { NewPasskey, PasskeyDraft, PasskeyQuestion, PasskeySignIn } from "@diskret/api";

const TIMEOUT_MS = 5 * 60_000; // as long as a question is good

/** Whether this browser knows passkeys, and this address can have any: one made of numbers cannot. */
export function isSupported(): boolean {
  return typeof PublicKeyCredential === "function" && !/^[\d.]+$|^\[/.test(location.hostname);
}

/** Whether passkeys can be offered where the e-mail address is typed. */
export async function canOffer(): Promise<boolean> {
  return isSupported() && (await PublicKeyCredential.isConditionalMediationAvailable?.().catch(() => false)) === true;
}

/** Has a device make a passkey that signs in alone: kept on it, and unlocked by its owner each time. */
export async function make(draft: PasskeyDraft, name: string): Promise<NewPasskey> {
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: toBytes(draft.challenge),
      rp: { id: draft.site, name: "Diskret" },
      user: { id: toBytes(draft.user), name: draft.email, displayName: draft.name },
      pubKeyCredParams: draft.algorithms.map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: draft.known.map((id) => ({ type: "public-key", id: toBytes(id) })),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
      timeout: TIMEOUT_MS,
    },
  });
  const response = (made as PublicKeyCredential).response as AuthenticatorAttestationResponse;
  return { name, client_data: toText(response.clientDataJSON), attestation: toText(response.attestationObject) };
}

/** Has somebody choose a passkey and unlock it: in a dialog of the browser, or where the e-mail address is typed. */
export async function use(
  question: PasskeyQuestion,
  mediation: "required" | "conditional",
  signal?: AbortSignal,
): Promise<PasskeySignIn> {
  const used = await navigator.credentials.get({
    mediation,
    ...(signal && { signal }),
    publicKey: {
      challenge: toBytes(question.challenge),
      rpId: question.site,
      userVerification: "required",
      timeout: TIMEOUT_MS,
    },
  });
  const { rawId, response } = used as PublicKeyCredential;
  const said = response as AuthenticatorAssertionResponse;
  return {
    id: toText(rawId),
    user: toText(said.userHandle ?? new ArrayBuffer(0)),
    client_data: toText(said.clientDataJSON),
    authenticator_data: toText(said.authenticatorData),
    signature: toText(said.signature),
  };
}

/** Whether somebody closed the browser's dialog, or let it wait too long. */
export function isCancelled(error: unknown): boolean {
  return error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "AbortError");
}

/** Whether the device has one of this account already. */
export function isThere(error: unknown): boolean {
  return error instanceof DOMException && error.name === "InvalidStateError";
}

export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

export function toText(buffer: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
