//! What to do about a fault, by its code.

/// The hint for a code, in Japanese and in English.
pub(super) fn hint(code: &str) -> (&'static str, &'static str) {
    HINTS.iter().find(|(known, _, _)| *known == code).map_or(UNKNOWN, |(_, ja, en)| (ja, en))
}

const UNKNOWN: (&str, &str) = (
    "スキーマの説明（madoguchi procedures schema）を確かめてください",
    "see the descriptions of the schema (madoguchi procedures schema)",
);

/// Code, hint in Japanese, hint in English.
const HINTS: &[(&str, &str, &str)] = &[
    // The text and its shape.
    ("yaml", "字下げ、引用符、括弧の対応を確かめてください", "check indentation, quotes and brackets"),
    (
        "yaml_alias",
        "同じ内容でも書き写すか、雛形（extends）を使ってください",
        "write it out again, or use a template (extends)",
    ),
    ("duplicate_key", "どちらか一方を消してください", "remove one of the two"),
    (
        "unknown_key",
        "綴りを確かめてください。使えるキーはスキーマにあります",
        "check the spelling; the schema lists the keys",
    ),
    (
        "missing_key",
        "このキーを書き足してください。意味はスキーマの説明にあります",
        "add the key; the schema says what it means",
    ),
    (
        "wrong_type",
        "数字や真偽値を引用符で囲んでいないか、一覧に「- 」があるか確かめてください",
        "check quotes around numbers, and the `- ` of lists",
    ),
    ("unknown_value", "示された値から選んでください", "choose one of the values shown"),
    ("format", "日付は 2026-04-01 のように書いてください", "write a day as 2026-04-01"),
    ("out_of_range", "範囲内の整数にしてください", "use a whole number within the range"),
    (
        "wrong_shape",
        "同じ種類の既存の手続の書き方に倣ってください",
        "follow how an existing procedure writes it",
    ),
    (
        "unreadable",
        "ファイルの場所と名前、文字コード（UTF-8）を確かめてください",
        "check place, name and encoding (UTF-8) of the file",
    ),
    ("line", "一行の列の数を確かめてください", "check the number of columns of the line"),
    (
        "other_content",
        "公開した版は変えられません。新しい版の番号を付けてください",
        "a published version never changes; give it the next number",
    ),
    (
        "contract_and_permit",
        "種別を申請とし、有効期間（validity）と更新（renewal）を消してください",
        "let it be an application, and remove validity and renewal",
    ),
    (
        "unknown_authority",
        "団体のファイルの office_keys に、この名義の鍵を加えてください",
        "add a key of this authority to office_keys of the body's file",
    ),
    (
        "unknown_anchor",
        "団体のファイルの contract_trust_anchors にある符号を書いてください",
        "name a code of contract_trust_anchors of the body's file",
    ),
    (
        "unknown_placeholder",
        "様式の項目の符号か、決まった語を波括弧の中に書いてください",
        "put the code of a field of the form, or one of the fixed words, into the braces",
    ),
    (
        "last_step",
        "経路の最後の段は決裁（kind: seal）にしてください",
        "let the last step of the route seal (kind: seal)",
    ),
    (
        "not_on_route",
        "closes_at には経路にある決裁の職を書いてください",
        "let closes_at name a role that seals on the route",
    ),
    (
        "decision",
        "decisions には、その経路で決裁される事案の名前を書いてください",
        "let decisions name what goes this route",
    ),
    ("positive", "1円以上の額にしてください", "use an amount of at least one yen"),
    (
        "unknown_revenue_account",
        "団体の設定（tenants/<団体コード>.yaml の revenue.accounts）に科目を加えるか、コードを確かめてください",
        "add the account to revenue.accounts of tenants/<code>.yaml, or check the code",
    ),
    // Expressions.
    (
        "too_costly",
        "max_rows を小さくするか、条件を短くしてください",
        "lower max_rows, or shorten the conditions",
    ),
    (
        "expression",
        "式で読める名前と関数はスキーマの ExpressionText の説明にあります",
        "see ExpressionText in the schema for names and functions",
    ),
    ("expression_too_long", "計算項目に分けてください", "divide it with calculated fields"),
    (
        "expression_syntax",
        "CELの書き方（==、&&、||、引用符、括弧）を確かめてください",
        "check the CEL: ==, &&, ||, quotes, brackets",
    ),
    (
        "expression_unknown_name",
        "form.項目名 のように書き、綴りを確かめてください",
        "write form.NAME and check the spelling",
    ),
    (
        "expression_unknown_function",
        "使える関数はスキーマの ExpressionText の説明にあります",
        "the schema lists the functions at ExpressionText",
    ),
    (
        "expression_type",
        "整数と文字列、日付の比べ方を確かめてください。小数項目は桁をずらした整数です",
        "compare like with like; a decimal field is a scaled whole number",
    ),
    (
        "expression_not_supported",
        "小数、null、二重の繰返しは使えません。計算項目に分けてください",
        "no floats, null or nested loops; use calculated fields",
    ),
    (
        "expression_literal",
        "日付は '2026-04-01' のように書き、正規表現を確かめてください",
        "write days as '2026-04-01', check the pattern",
    ),
    (
        "expression_cost",
        "max_rows を小さくするか、式を短くしてください",
        "lower max_rows, or shorten the expression",
    ),
    ("overflow", "min・max で答えの範囲を狭めてください", "narrow the answers with min and max"),
    (
        "division_by_zero",
        "割る数が0でないことを式の中で確かめてください",
        "test that the divisor is not zero",
    ),
    ("evaluation_failed", "例の答えと式を確かめてください", "check the example's answers and the expression"),
    ("fact_too_long", "文字数や行数の上限を小さくしてください", "lower max_length or max_rows"),
    ("wrong_fact", "例の答えの型を確かめてください", "check the types of the example's answers"),
    // Templates.
    (
        "unknown_template",
        "config/templates に「コード.v版.yaml」があるか確かめてください",
        "look for CODE.vVERSION.yaml in config/templates",
    ),
    ("template", "雛形のファイルを先に直してください", "mend the template first"),
    (
        "template_locked",
        "上書きできるのは手数料、所管、文言などです。法的な種別や様式を変えるなら雛形を使わず全体を書いてください",
        "override fee, office and wording; for another legal kind or form write a whole definition",
    ),
    (
        "template_absent",
        "雛形のキーの綴りを確かめるか、この行を消してください",
        "check the spelling against the template, or remove the line",
    ),
    (
        "template_list",
        "キー（name・code）で項目を指定するか、一覧全体を書いてください",
        "name the item by its key, or write the whole list",
    ),
    // Identity and dates.
    (
        "slug",
        "英小文字で始め、英小文字・数字・区切り記号だけにしてください",
        "begin with a lower-case letter; letters, digits and the joiner only",
    ),
    (
        "empty",
        "内容を書いてください。根拠や出典は省けません",
        "write something; bases and sources cannot be left out",
    ),
    ("version", "最初の版は1です", "the first version is 1"),
    (
        "tenant_code",
        "全国地方公共団体コードの6桁（検査数字付き）を書いてください",
        "write the six digits with the check digit",
    ),
    (
        "unknown_tenant",
        "config/tenants に団体のファイルがあるか確かめてください",
        "look for the body in config/tenants",
    ),
    (
        "unknown_department",
        "団体のファイルの課のコードと有効期間を確かめてください",
        "check codes and terms of departments in the file of the body",
    ),
    (
        "misplaced",
        "ファイルは procedures/団体/手続.yaml または 手続.v版.yaml に置いてください",
        "place the file at procedures/TENANT/ID.yaml or ID.vVERSION.yaml",
    ),
    ("duplicate", "同じ名前や版の片方を変えてください", "rename one of the two"),
    ("span", "終わりの日を始まりの日以後にしてください", "let it end on or after its first day"),
    ("retention", "文書保存期間を年数で書いてください", "write the retention period in years"),
    (
        "holiday",
        "祝日法による振替休日・国民の休日を内閣府の表と照らしてください",
        "compare with the official list of holidays",
    ),
    // Flow.
    (
        "fee_due",
        "手数料がなければ none、あれば納付時期を書いてください",
        "none without a fee, otherwise when it is due",
    ),
    (
        "notification_fee",
        "届出から手数料を除くか、種別を確かめてください",
        "remove the fee, or check the kind",
    ),
    (
        "notification_route",
        "届出から決裁を除くか、種別を確かめてください",
        "remove the route, or check the kind",
    ),
    (
        "criteria",
        "審査基準の公表場所か、定めない理由（法令の規定により判断基準が言い尽くされている等）を書いてください",
        "say where the criteria are published, or why there are none",
    ),
    ("days", "標準処理期間の日数を確かめてください", "check the days of the standard processing period"),
    (
        "notification_grant",
        "届出に許可の内容（有効期間・更新）は書けません",
        "a notification grants nothing: no validity, no renewal",
    ),
    ("months", "年か月のどちらか一方を書いてください", "give years or months, not both"),
    ("term", "有効期間に年か月のどちらかを書いてください", "give the term in years or in months"),
    ("no_last_day", "経過措置には最後の日（effective_to）が要ります", "a drain date needs effective_to"),
    (
        "no_place",
        "所在地の市町村が必ず答えられるようにしてください",
        "require the answer that names the municipality",
    ),
    (
        "other_authority",
        "例の所在地をこの団体の所管にしてください",
        "place the example within this body's jurisdiction",
    ),
    ("overlap", "期間が重ならないようにしてください", "let the spans not overlap"),
    ("redundant", "required か required_if のどちらかにしてください", "use required or required_if"),
    (
        "unknown_area",
        "config/jurisdictions.yaml の area を確かめてください",
        "check the areas of config/jurisdictions.yaml",
    ),
    ("unknown_body", "団体の一覧にあるコードにしてください", "use a code of municipalities.csv"),
    ("unknown_municipality", "県内市町村のコードにしてください", "use a municipality of the prefecture"),
    (
        "unreachable",
        "前の規則がいつも当てはまります。順序か条件を直してください",
        "an earlier rule always applies; change order or condition",
    ),
    // Fields.
    (
        "bounds",
        "上限・下限・文字数が項目の型に合うか確かめてください",
        "check that the bounds suit the type of the field",
    ),
    (
        "choices",
        "選択項目に choices を書き、他の型からは除いてください",
        "give choices to choice fields only",
    ),
    ("default", "初期値を項目の条件に合わせてください", "let the default meet the field's own conditions"),
    ("schema", "項目の型と条件の組合せを確かめてください", "check type and conditions of the fields"),
    ("form", "項目の型と条件の組合せを確かめてください", "check type and conditions of the fields"),
    ("columns", "表の項目に columns を書き、他の型からは除いてください", "give columns to tables only"),
    (
        "calculated",
        "計算項目には value だけを書いてください。例の値は計算と同じにします",
        "a calculated field has only a value; examples must agree with it",
    ),
    (
        "cycle",
        "互いに読み合う条件や計算のどれかを外してください",
        "take one of the conditions out of the circle",
    ),
    ("scale", "小数項目に 1〜6 の scale を書いてください", "give a decimal a scale of 1 to 6"),
    ("unit", "単位は数の項目だけに付けてください", "units belong to numbers"),
    ("assurance", "手続の assurance 以下にしてください", "not above the assurance of the procedure"),
    (
        "missing_field",
        "すべての項目を pages のどこかの節に一度だけ置いてください",
        "place each field in exactly one section of the pages",
    ),
    (
        "unknown_attachment",
        "attachments の code の綴りを確かめてください",
        "check the codes of the attachments",
    ),
    // Documents.
    (
        "media_type",
        "application/pdf、image/png、image/jpeg などを書いてください",
        "write e.g. application/pdf, image/png, image/jpeg",
    ),
    ("size", "1 以上の大きさを書いてください", "write a size of at least 1"),
    // Fees.
    (
        "fee_overlap",
        "前の版の effective_to を次の版の前日にしてください",
        "close the earlier one the day before",
    ),
    ("fee_table", "選択肢と同じ数の行を表に書いてください", "give the table one row for each choice"),
    (
        "unknown_procedure",
        "validity.renewal.procedure には同じ団体の手続の識別子を書いてください",
        "let validity.renewal.procedure name a procedure of the body",
    ),
    (
        "personal_data",
        "個人情報を含まない書類なら personal_data: false とし、含むなら files から外してください",
        "say personal_data: false of a document without personal data, or take it out of files",
    ),
    ("unknown_field", "form の項目名の綴りを確かめてください", "check the names of the fields"),
    ("field_not_countable", "整数項目にし、max を書いてください", "make it an integer with a max"),
    (
        "field_not_required",
        "手数料が読む項目は required: true にしてください",
        "make fields that a fee reads required",
    ),
    (
        "field_type",
        "手数料が読む項目の型を確かめてください",
        "check the type of the field that the fee reads",
    ),
    (
        "fee_band",
        "段階の境目を小さい順にし、最後だけ up_to を省いてください",
        "let bands ascend; only the last has no up_to",
    ),
    ("fee_circle", "元になる手数料が互いに参照しないようにしてください", "let no fee derive from itself"),
    (
        "fee_gap",
        "読む項目が必ず答えられるか、when で守ってください",
        "require what the fee reads, or guard it with when",
    ),
    (
        "fee_number",
        "金額は0以上の整数、分母は1以上にしてください",
        "amounts are whole and not negative, denominators at least 1",
    ),
    (
        "relief_without_end",
        "災害の不徴収には終わりの日を書いてください",
        "a disaster notice must have a last day",
    ),
    ("step", "step は1以上にしてください", "a step is at least 1"),
    ("up_to", "前の段階より大きくしてください", "it must be greater than the band before"),
    ("unknown_fee", "fees の code の綴りを確かめてください", "check the codes of the fees"),
    // Examples, and answers within them.
    (
        "applicant_kind",
        "applicant_kinds にある申請者にしてください",
        "use a kind of applicant that may apply",
    ),
    (
        "total",
        "計算された額と条例の額のどちらが正しいか確かめてください",
        "see which is right, the computed amount or the ordinance",
    ),
    ("fee", "例の答えで手数料が計算できるようにしてください", "give the answers that the fee reads"),
    ("fee_input", "手数料の計算に必要な答えを書いてください", "give the answers that the fee reads"),
    (
        "content",
        "base64 を確かめるか、省いて見本のファイルを使ってください",
        "check the base64, or leave it out for a sample file",
    ),
    (
        "required",
        "例に答え・書類を書き足すか、必須でなくしてください",
        "add the answer or document, or do not require it",
    ),
    ("pattern", "項目の型の書き方に合わせてください", "write it as the type of the field asks"),
    ("choice", "項目の choices にある value を書いてください", "use a value of the field's choices"),
    (
        "type",
        "項目の型に合う JSON の型（整数に引用符を付けない等）にしてください",
        "use the JSON type of the field (no quotes around integers)",
    ),
    ("minimum", "項目の min 以上にしてください", "use at least the field's min"),
    ("maximum", "項目の max 以下にしてください", "use at most the field's max"),
    ("too_long", "項目の max_length 以内にしてください", "keep within the field's max_length"),
    (
        "corporate_number",
        "検査数字の正しい法人番号を使ってください",
        "use a corporate number with a right check digit",
    ),
    ("characters", "制御文字を除いてください", "remove control characters"),
    ("date", "実在する日を YYYY-MM-DD で書いてください", "write an existing day as YYYY-MM-DD"),
    (
        "address",
        "text（原文）を書き、他の部分の書き方を確かめてください",
        "give text, and check the other parts",
    ),
    (
        "decimal",
        "小数は \"12.50\" のように引用符で囲んで書いてください",
        "write decimals in quotes: \"12.50\"",
    ),
    ("email", "電子メールアドレスの形にしてください", "write an e-mail address"),
    (
        "individual_number",
        "個人番号を書かないでください。例の番号も別の数字にしてください",
        "never write an individual number; use other digits",
    ),
    (
        "municipality",
        "県内市町村の6桁のコードにしてください",
        "use the six digits of a municipality of the prefecture",
    ),
    (
        "municipality_code",
        "検査数字の正しい6桁のコードにしてください",
        "use six digits with a right check digit",
    ),
    ("not_applicable", "表示されない項目の答えを例から除いてください", "leave out answers of hidden fields"),
    ("phone", "数字とハイフンで書いてください", "write digits and hyphens"),
    ("postcode", "7桁の郵便番号にしてください", "write a postcode of seven digits"),
    ("rule", "例の答えが valid_if を満たすようにしてください", "let the example meet valid_if"),
    ("text", "文字列の上限や文字の種類を確かめてください", "check length and characters"),
    ("too_few", "min_rows 以上の行を書いてください", "give at least min_rows rows"),
    ("too_many", "max_rows 以内の行にしてください", "give at most max_rows rows"),
    ("too_large", "数や大きさを減らしてください", "make it smaller"),
    (
        "arrived_on",
        "例の arrived_on を版の有効期間の中にしてください",
        "let the example arrive while the version is in force",
    ),
    (
        "expiry_field",
        "expiry_field に様式の日付項目の名前を書いてください",
        "let expiry_field name a date field of the form",
    ),
    ("due_on", "計算された処理期限と暦を確かめてください", "check the computed due date and the calendar"),
    ("queue", "振り分けの条件か例の queue を直してください", "mend the routing or the example's queue"),
    ("invalid", "スキーマの説明と項目の型を確かめてください", "check the field's type and the schema"),
];

#[cfg(test)]
mod tests;
