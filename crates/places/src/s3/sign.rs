//! Signatures of requests (AWS Signature Version 4), as every store that speaks S3 checks them.

use data_encoding::HEXLOWER;
use privacy::digest::{hmac, sha256};

/// Who signs.
#[derive(Clone)]
pub struct Credentials {
    /// The name of the key.
    pub id: String,
    /// The key.
    pub secret: zeroize::Zeroizing<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, …)", self.id)
    }
}

/// What is signed of a request.
pub(super) struct Request<'r> {
    pub(super) method: &'r str,
    /// The path, written as it is sent.
    pub(super) path: &'r str,
    /// The query, sorted, written as it is sent.
    pub(super) query: &'r str,
    /// Headers by their lower-case names, sorted.
    pub(super) headers: &'r [(&'r str, &'r str)],
    /// SHA-256 of the body, in hex.
    pub(super) body: &'r str,
    /// `20260101T000000Z`.
    pub(super) time: &'r str,
    pub(super) region: &'r str,
}

impl Request<'_> {
    /// The value of the header `authorization`.
    pub(super) fn sign(&self, credentials: &Credentials) -> String {
        let names = self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = [self.method, self.path, self.query, &headers, &names, self.body].join("\n");
        let day = &self.time[..8];
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let hash = HEXLOWER.encode(&sha256(canonical.as_bytes()));
        let text = ["AWS4-HMAC-SHA256", self.time, &scope, &hash].join("\n");
        let first = zeroize::Zeroizing::new(format!("AWS4{}", *credentials.secret));
        let mut key = hmac(first.as_bytes(), day.as_bytes());
        for word in [self.region, "s3", "aws4_request"] {
            key = hmac(&key, word.as_bytes());
        }
        let signature = HEXLOWER.encode(&hmac(&key, text.as_bytes()));
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", credentials.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification, "GET Object".
    #[test]
    fn the_example_of_the_specification_is_signed_alike() {
        let credentials = Credentials {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: zeroize::Zeroizing::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
        };
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let headers = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", empty),
            ("x-amz-date", "20130524T000000Z"),
        ];
        let request = Request {
            method: "GET",
            path: "/test.txt",
            query: "",
            headers: &headers,
            body: empty,
            time: "20130524T000000Z",
            region: "us-east-1",
        };
        let signed = request.sign(&credentials);
        assert!(
            signed.ends_with("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
            "{signed}"
        );
        assert!(signed.contains("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date"), "{signed}");
    }
}
