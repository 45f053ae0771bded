//! `web/widget/src/messenger/queue.ts`: numbers messages, keeps what is unconfirmed, says what to send next.

/// A message that the server has not confirmed.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) counter: i64,
    pub(super) text: String,
}

#[derive(Debug)]
pub(super) struct SendQueue {
    pub(super) in_flight: usize,
    items: Vec<Outgoing>,
    /// How many of them, from the first, went out on this connection.
    sent: usize,
    counter: i64,
}

impl Default for SendQueue {
    fn default() -> Self {
        Self { in_flight: 1, items: Vec::new(), sent: 0, counter: 0 }
    }
}

impl SendQueue {
    pub(super) fn pending(&self) -> &[Outgoing] {
        &self.items
    }

    pub(super) fn push(&mut self, text: String) {
        self.counter += 1;
        self.items.push(Outgoing { counter: self.counter, text });
    }

    /// What may be sent now, in order; counts as sent from here on.
    pub(super) fn due(&mut self) -> Vec<Outgoing> {
        let from = self.sent;
        self.sent = from.max(self.items.len().min(self.in_flight));
        self.items[from..self.sent].to_vec()
    }

    /// The server has stored this counter. None: it was known already.
    pub(super) fn stored(&mut self, counter: i64) -> Option<Outgoing> {
        let index = self.items.iter().position(|item| item.counter == counter)?;
        if index < self.sent {
            self.sent -= 1;
        }
        Some(self.items.remove(index))
    }

    /// A new connection, or a refusal for now: everything unconfirmed goes out again, from the first.
    pub(super) const fn rewind(&mut self) {
        self.sent = 0;
    }

    /// The server wants this one first.
    pub(super) fn expect(&mut self, expected: i64) {
        match self.items.first() {
            Some(first) if expected < first.counter => self.number(expected),
            Some(_) => {}
            None => self.counter = expected - 1,
        }
        self.rewind();
    }

    /// The conversation is gone: what is unconfirmed becomes the beginning of the next one.
    pub(super) fn restart(&mut self) {
        self.number(1);
        self.rewind();
    }

    /// Takes over what another page load left unconfirmed, under the same sender.
    pub(super) fn resume(&mut self, items: Vec<Outgoing>, counter: i64) {
        (self.items, self.counter) = (items, counter);
    }

    pub(super) const fn last(&self) -> i64 {
        self.counter
    }

    fn number(&mut self, from: i64) {
        self.items.iter_mut().zip(from..).for_each(|(item, counter)| item.counter = counter);
        self.counter = from + self.items.len() as i64 - 1;
    }

    /// The planted fault: what goes out again gets new counters.
    pub(super) fn count_anew(&mut self) {
        if self.sent > 0 {
            self.number(self.counter + 1);
        }
    }

    /// The planted fault: the texts that wait change places.
    pub(super) fn turn_around(&mut self) {
        let texts: Vec<String> = self.items[self.sent..].iter().rev().map(|item| item.text.clone()).collect();
        self.items[self.sent..].iter_mut().zip(texts).for_each(|(item, text)| item.text = text);
    }
}
