//! The shipped configuration, inside the program. A test compares the list with the folder.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// File name relative to `config/`, and its text.
        pub(super) const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../config/", $name)))),*];
    };
}

files![
    "calendars/japan.yaml",
    "municipalities.csv",
    "procedures/020001/denki-koji-henko-todoke.yaml",
    "procedures/020001/denki-koji-toroku.yaml",
    "procedures/020001/keiei-kibo-hyoka.yaml",
    "procedures/020001/kikenbutsu-menjo.yaml",
    "procedures/020001/takken-menkyo.yaml",
    "procedures/022012/koseki-shomei.yaml",
    "tenants/020001.yaml",
    "tenants/022012.yaml",
    "tenants/022021.yaml",
    "tenants/022039.yaml",
];
