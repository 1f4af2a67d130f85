//! Messages, and the queue that a socket receives from: plain data under the socket's lock.

use super::addr::Addr;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use fs_emu::vfs::file::OpenRef;
use host::abi::Timespec;
use host::iov::IovIter;
use host::{Errno, Result};

/// Who sent a message, or is at the other end (`struct ucred`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Ucred {
    pub pid: u32,
    pub uid: u32,
    pub gid: u32,
}

/// What a datagram says of itself in its header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Type of service, or traffic class.
    pub class: u8,
    /// Time to live, or hop limit.
    pub hops: u8,
}

/// A message, or a piece of a stream.
#[derive(Default)]
pub(super) struct Message {
    pub(super) data: Vec<u8>,
    /// Bytes already read.
    pub(super) off: usize,
    pub(super) from: Addr,
    /// Where it was sent to (`IP_PKTINFO`), and how it was marked.
    pub(super) to: Addr,
    pub(super) marks: Marks,
    pub(super) cred: Option<Ucred>,
    pub(super) files: Vec<OpenRef>,
    pub(super) when: Timespec,
    charge: usize,
}

impl Message {
    /// A message of the kernel's own.
    pub(super) fn of(data: Vec<u8>) -> Message {
        Message { charge: charge(data.len()), data, ..Message::default() }
    }

    /// A message with these bytes, taken from `from`; `EFAULT` (and nothing taken) if they can not all be read.
    pub(super) fn copy_in(from: &mut IovIter<'_>, len: usize) -> Result<Message> {
        let mut data = Vec::new();
        data.try_reserve_exact(len).map_err(|_| Errno::ENOBUFS)?;
        data.resize(len, 0);
        let moved = from.take(&mut data);
        if moved < len {
            from.revert(moved);
            return Err(Errno::EFAULT);
        }
        Ok(Message { charge: charge(len), data, ..Message::default() })
    }

    /// The same with as many bytes as can be read, for a stream. `EFAULT` when that is none.
    pub(super) fn copy_some(from: &mut IovIter<'_>, len: usize) -> Result<Message> {
        let mut data = Vec::new();
        data.try_reserve_exact(len).map_err(|_| Errno::ENOBUFS)?;
        data.resize(len, 0);
        let moved = from.take(&mut data);
        if moved == 0 && len > 0 {
            return Err(Errno::EFAULT);
        }
        data.truncate(moved);
        Ok(Message { charge: charge(moved), data, ..Message::default() })
    }

    /// One more of the same, for somebody else; without files.
    pub(super) fn copy(&self) -> Result<Message> {
        let mut data = Vec::new();
        data.try_reserve_exact(self.data.len()).map_err(|_| Errno::ENOBUFS)?;
        data.extend_from_slice(&self.data);
        let (from, to) = (self.from.clone(), self.to.clone());
        Ok(Message { charge: self.charge, data, from, to, marks: self.marks, when: self.when, ..Message::default() })
    }

    /// What has not been read of it.
    pub(super) fn rest(&self) -> &[u8] {
        self.data.get(self.off..).unwrap_or_default()
    }
}

/// What a message of this length counts against the sender's buffer: `skb->truesize` of one that is allocated as Linux does.
fn charge(len: usize) -> usize {
    const HEAD: usize = 256;
    const SHARED: usize = 320;
    const PAGE: usize = 4096;
    let paged = if len > PAGE - SHARED { (len - (PAGE - SHARED)).next_multiple_of(PAGE).min(len) } else { 0 };
    let linear = ((len - paged).next_multiple_of(64) + SHARED).next_power_of_two();
    HEAD + linear + paged.next_multiple_of(PAGE)
}

/// What has arrived and was not read yet.
#[derive(Default)]
pub(super) struct Queue {
    messages: VecDeque<Message>,
    bytes: usize,
    charge: usize,
}

/// A piece of a byte stream grows up to this size before the next is begun.
const PIECE: usize = 16 << 10;

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Bytes waiting.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What they count against a buffer's size.
    pub(super) fn charge(&self) -> usize {
        self.charge
    }

    pub(super) fn front(&self) -> Option<&Message> {
        self.messages.front()
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut Message> {
        self.messages.front_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// Makes sure that there will be memory for one more, as long as no other comes.
    pub(super) fn reserve(&mut self) -> Result<()> {
        self.messages.try_reserve(1).map_err(|_| Errno::ENOBUFS)
    }

    pub(super) fn push(&mut self, message: Message) -> Result<()> {
        self.reserve()?;
        self.bytes += message.rest().len();
        self.charge += message.charge;
        self.messages.push_back(message);
        Ok(())
    }

    /// Adds bytes of a stream without marks, behind the last ones where there is room.
    pub(super) fn push_bytes(&mut self, message: Message) -> Result<()> {
        let n = message.data.len();
        if let Some(last) = self.messages.back_mut()
            && last.data.len() + n <= PIECE
            && last.data.try_reserve(n.max(512)).is_ok()
        {
            last.data.extend_from_slice(&message.data);
            last.charge += n;
            self.charge += n;
            self.bytes += n;
            return Ok(());
        }
        self.push(Message { charge: n, ..message })
    }

    /// Notes that `n` bytes of the first message were read; takes it out when that was all.
    pub(super) fn consume(&mut self, n: usize) -> Option<Message> {
        let first = self.messages.front_mut()?;
        first.off += n;
        self.bytes -= n;
        if first.off >= first.data.len() { self.pop() } else { None }
    }

    /// Takes the first message out.
    pub(super) fn pop(&mut self) -> Option<Message> {
        let first = self.messages.pop_front()?;
        self.bytes -= first.rest().len();
        self.charge -= first.charge;
        Some(first)
    }
}

impl Queue {
    /// Everything that is in it.
    pub(super) fn into_messages(self) -> impl Iterator<Item = Message> {
        self.messages.into_iter()
    }
}
