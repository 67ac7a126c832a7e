DROP TABLE el_qr_lines;
DROP TABLE el_qr_files;
DROP TABLE el_qr_upload_records;
DROP TABLE el_qr_uploads;
DROP TABLE el_qr_slips;
