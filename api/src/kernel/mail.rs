//! Mail that the gateway sends, by SMTP. Who hands some over does so in a task: a server that is away is tried again.

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use secrecy::ExposeSecret;

use super::error::{Error, Result};
use crate::config::MailSettings;

/// What sends mail. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    public_url: String,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl Mailer {
    /// Mail by the server of `settings`. It isn't asked before there is something to send.
    ///
    /// # Errors
    /// INTERNAL where the URL isn't one, which the settings have seen to.
    pub fn new(settings: MailSettings) -> Result<Self> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(settings.url.expose_secret());
        let transport = transport.map_err(|_| Error::internal("smtp_url isn't one"))?.build();
        Ok(Self { transport, from: settings.from, public_url: settings.public_url })
    }

    /// What a link to the gateway begins with.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Sends `text` to `name` at `address`.
    ///
    /// # Errors
    /// UNAVAILABLE where the server can't take it now, INTERNAL where it never will.
    pub async fn send(&self, name: &str, address: &str, subject: &str, text: String) -> Result<()> {
        let address: Address =
            address.parse().map_err(|_| Error::internal("mail can't be sent to this address"))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(name.to_owned()), address))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|_| Error::internal("this can't be written as mail"))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            // What a server says may hold the address.
            Err(error) if error.is_permanent() => Err(Error::internal("the mail server refuses this mail")),
            Err(_) => Err(Error::unavailable("the mail server can't be reached, or can't take mail now")),
        }
    }
}
