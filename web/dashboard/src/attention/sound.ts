let context: AudioContext | undefined;

/** Two soft tones, made here: there is no file to load. */
export function chime(): void {
  try {
    context ??= new AudioContext();
    void context.resume();
    const begin = context.currentTime + 0.01;
    tone(context, 660, begin);
    tone(context, 880, begin + 0.14);
  } catch {
    // Without a way to sound it stays quiet.
  }
}

function tone(to: AudioContext, pitch: number, begin: number): void {
  const [oscillator, volume] = [to.createOscillator(), to.createGain()];
  oscillator.frequency.value = pitch;
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(0.08, begin + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, begin + 0.4);
  oscillator.connect(volume).connect(to.destination);
  oscillator.start(begin);
  oscillator.stop(begin + 0.45);
}
