// A security key in software.

/** A device that keeps passkeys and knows its owner. */
export async function withDevice(page) {
  const line = await page.context().newCDPSession(page);
  await line.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await line.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    verify: (isUserVerified) => line.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    keys: async () => (await line.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
  };
}
