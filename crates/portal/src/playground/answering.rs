//! What comes of a call: read piece by piece, and written down at its end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gatewright_database::Caller;
use gatewright_egress::{EgressError, Streamed};
use gatewright_types::ProblemCode;

use super::conceal::Concealer;
use super::limits::ANSWER_MAX_BYTES;
use super::model::{PlaygroundRun, ReceivedAnswer, RunFailure};
use super::reader::{Piece, Reader};
use super::turns::Turn;
use super::{Playground, PlaygroundError, store};

/// An answer that is being read.
pub struct Answering {
    playground: Playground,
    caller: Caller,
    run: PlaygroundRun,
    streamed: Option<Streamed>,
    reader: Option<Reader>,
    _turn: Turn,
}

impl Answering {
    /// Of a call that was made; its run says why where no answer begins.
    pub(super) fn begin(
        playground: Playground,
        caller: Caller,
        turn: Turn,
        mut run: PlaygroundRun,
        came: Result<Streamed, EgressError>,
        concealer: Concealer,
    ) -> Self {
        let (mut streamed, mut reader) = (None, None);
        match came {
            Err(error) => run.failure = Some(failure(&error)),
            Ok(answer) => {
                let mut reads = Reader::new(&answer.fields, concealer);
                run.answer = Some(ReceivedAnswer {
                    status: answer.status.as_u16(),
                    headers: reads.fields(&answer.fields),
                    media_type: reads.media_type.clone(),
                    body: None,
                    base64: None,
                    bytes: 0,
                    cut: false,
                    stripped: reads.stripped(),
                    note: reads.note.clone(),
                });
                run.timings = Some(answer.timings().into());
                (streamed, reader) = (Some(answer), Some(reads));
            }
        }
        Self {
            playground,
            caller,
            run,
            streamed,
            reader,
            _turn: turn,
        }
    }

    /// The run, as far as it is.
    pub const fn run(&self) -> &PlaygroundRun {
        &self.run
    }

    /// Writes down that an answer begins, for whoever does not wait for its end.
    pub async fn note_head(&self) -> Result<(), PlaygroundError> {
        let mut tx = self.playground.0.orchestrator.database().tenant(self.caller).await?;
        store::finish(&mut tx, &self.run).await?;
        Ok(tx.commit().await?)
    }

    /// The next piece of the body; none at its end, or where it broke off.
    pub async fn next(&mut self) -> Option<Piece> {
        loop {
            let (streamed, reader) = (self.streamed.as_mut()?, self.reader.as_mut()?);
            let chunk = Box::pin(streamed.chunk()).await;
            self.run.timings = Some(streamed.timings().into());
            match chunk {
                Ok(Some(bytes)) => {
                    let piece = reader.feed(&bytes);
                    if reader.cut {
                        // Dropped, its connection is closed: the rest is nobody's.
                        self.streamed = None;
                        return piece.or_else(|| reader.end());
                    }
                    if piece.is_some() {
                        return piece;
                    }
                }
                Ok(None) => {
                    reader.cut |= reader.bytes > ANSWER_MAX_BYTES as u64;
                    self.streamed = None;
                    return reader.end();
                }
                Err(error) => {
                    self.run.failure = Some(failure(&error));
                    reader.cut = true;
                    self.streamed = None;
                    return reader.end();
                }
            }
        }
    }

    /// Reads the whole body and writes down what came of the call.
    pub async fn collect(mut self) -> Result<PlaygroundRun, PlaygroundError> {
        let (mut text, mut bytes) = (String::new(), Vec::new());
        while let Some(piece) = self.next().await {
            match piece {
                Piece::Text(piece) => text.push_str(&piece),
                Piece::Bytes(piece) => bytes.extend(piece),
            }
        }
        let is_text = self.reader.as_ref().is_some_and(|reader| reader.is_text);
        let untold = self.reader.as_ref().is_some_and(|reader| reader.media_type.is_none());
        let mut run = self.finish().await?;
        if let Some(answer) = run
            .answer
            .as_mut()
            .filter(|answer| answer.note.is_none() || !text.is_empty())
        {
            match String::from_utf8(bytes) {
                // What has no type and is text is shown as text.
                Ok(read) if !is_text && untold => answer.body = Some(read),
                _ if is_text => answer.body = Some(text),
                Ok(read) => answer.base64 = Some(BASE64.encode(read)),
                Err(error) => answer.base64 = Some(BASE64.encode(error.as_bytes())),
            }
        }
        Ok(run)
    }

    /// Writes down what came of the call, without the body.
    pub async fn finish(mut self) -> Result<PlaygroundRun, PlaygroundError> {
        if let (Some(answer), Some(reader)) = (&mut self.run.answer, &self.reader) {
            answer.bytes = reader.bytes.min(ANSWER_MAX_BYTES as u64);
            answer.cut = reader.cut;
            answer.stripped = reader.stripped();
            answer.note = reader.note.clone();
        }
        let database = self.playground.0.orchestrator.database();
        let mut tx = database.tenant(self.caller).await?;
        store::finish(&mut tx, &self.run).await?;
        tx.commit().await?;
        Ok(self.run)
    }
}

fn failure(error: &EgressError) -> RunFailure {
    let code = match error {
        EgressError::TimedOut { .. } => ProblemCode::UpstreamTimedOut,
        EgressError::Refused(_)
        | EgressError::NameNotFound(_)
        | EgressError::LookupFailed(_)
        | EgressError::ConnectionRefused { .. }
        | EgressError::Unreachable(_)
        | EgressError::Untrusted { .. } => ProblemCode::UpstreamRefused,
        _ => ProblemCode::UpstreamFailed,
    };
    let mut detail = error.to_string();
    detail.replace_range(..1, &detail[..1].to_uppercase());
    RunFailure {
        code: code.to_string(),
        title: code.title().to_owned(),
        detail: format!("{detail}."),
    }
}
