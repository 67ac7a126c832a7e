//! Machines without a Japanese font.

/// Fails unless somebody said that the machine has no Japanese font: a test that set no document proved nothing about documents.
pub fn without_font() {
    assert!(
        std::env::var_os("MADOGUCHI_TEST_WITHOUT_FONT").is_some(),
        "no Japanese font is installed (Debian: fonts-noto-cjk), so no document was tested; \
         MADOGUCHI_TEST_WITHOUT_FONT=1 permits that"
    );
}
